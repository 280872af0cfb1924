package io.whimbrel.reception;

import io.whimbrel.header.HeaderScanner;
import io.whimbrel.header.MessageControls;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.Treatment;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.QuotaClaim;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.Tenants;
import io.whimbrel.smtp.ByteSink;
import io.whimbrel.smtp.SmtpReply;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// The door for mail of this machine that does not come by SMTP: the same store, the same budget of
/// arriving bodies, the same quotas, the same answers. Thread-safe.
public final class LocalIntake {
    private final MailStore store;
    private final ArrivingBodies arriving;
    private final Quotas quotas;
    private final Supplier<Tenants> tenants;
    private final Metrics metrics;
    private final InstantSource clock;
    private final ReceivedField receivedField = new ReceivedField();

    /// Where the bytes of a message come from.
    @FunctionalInterface
    public interface Source {
        /// Writes the whole message, lines ended by CRLF.
        void writeTo(ByteSink sink) throws IOException;
    }

    /// @param tenants those of the configuration in force
    LocalIntake(
            MailStore store,
            ArrivingBodies arriving,
            Quotas quotas,
            Supplier<Tenants> tenants,
            Metrics metrics,
            InstantSource clock) {
        this.store = store;
        this.arriving = arriving;
        this.quotas = quotas;
        this.tenants = tenants;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Takes responsibility for a message.
    ///
    /// @return 250 only where it is on stable storage; 4xx where it may be offered again, 5xx where
    ///   it will never be taken
    /// @throws IOException what `source` throws; nothing was taken then
    public SmtpReply accept(LocalTerms terms, LocalMail mail, Source source) throws IOException {
        ArrivingBodies.Claim claim = arriving.claim();
        Optional<SmtpReply> refusal = store.refusal().or(() -> claim.begin(0));
        if (refusal.isPresent()) {
            return refusal.get();
        }
        TenantSettings tenant = tenants.get().named(terms.stream().tenant());
        QuotaClaim quota = quotas.claim(tenant);
        try (MailStore.Body body = store.begin()) {
            return accept(terms, mail, source, new Bytes(body, claim, terms, tenant, quota));
        } finally {
            quota.giveBack();
            claim.end();
        }
    }

    private SmtpReply accept(LocalTerms terms, LocalMail mail, Source source, Bytes bytes)
            throws IOException {
        MailStore.Body body = bytes.body;
        Instant now = clock.instant();
        List<Recipient> distinct = distinct(mail.recipients());
        Optional<SmtpReply> usedUp = take(bytes.quota, bytes.tenant, distinct.size());
        if (usedUp.isPresent()) {
            return usedUp.get();
        }
        byte[] field = received(terms, mail, distinct, body.id(), now);
        body.write(field, 0, field.length);
        source.writeTo(bytes);
        if (bytes.isTooLarge()) {
            return SmtpSession.tooLarge(terms.messageBytesMax());
        }
        Optional<SmtpReply> refusal =
                MessageIntake.loop(bytes.header).or(() -> bytes.quota.body(bytes.size));
        if (refusal.isPresent()) {
            return refusal.get();
        }
        var envelope =
                new Envelope(
                        mail.reversePath(),
                        distinct,
                        MessageIntake.parameters(
                                mail.parameters(), MessageControls.NONE, bytes.isEightBit),
                        stream(terms.stream(), bytes.header.value()),
                        now,
                        terms.dsnPolicy(),
                        treatment(bytes.tenant, terms, now));
        SmtpReply reply = body.accept(envelope, "local " + mail.user() + " " + mail.file());
        if (reply.isPositive()) {
            bytes.quota.keep();
            metrics.messagesAccepted.inc();
            metrics.recipientsAccepted.inc(distinct.size());
        }
        return reply;
    }

    private static List<Recipient> distinct(List<Recipient> all) {
        Recipients recipients = new Recipients.None();
        for (Recipient recipient : all) {
            recipients = recipients.with(recipient);
        }
        return recipients.toList();
    }

    private static Optional<SmtpReply> take(
            QuotaClaim quota, TenantSettings tenant, int recipients) {
        // Nobody here sends it again for some of them only: it would wait for ever.
        if (tenant.quotas().recipients().stream().anyMatch(most -> most.count() < recipients)) {
            String text = "More recipients than the quota of tenant " + tenant.name() + " has";
            return Optional.of(SmtpReply.of(554, 5, 5, 3, text));
        }
        Optional<SmtpReply> usedUp = quota.message(0);
        for (int i = 0; i < recipients && usedUp.isEmpty(); i++) {
            usedUp = quota.recipient();
        }
        return usedUp;
    }

    /// Our Received field (RFC 5321 §4.4). Its From clause names no host, for there was none.
    private byte[] received(
            LocalTerms terms, LocalMail mail, List<Recipient> recipients, QueueId id, Instant now) {
        var field = new StringBuilder(256).append("Received: from local (").append(mail.user());
        field.append(")\r\n\tby ").append(terms.hostName()).append(" with local id ").append(id);
        if (recipients.size() == 1) {
            field.append("\r\n\tfor ").append(recipients.getFirst().path());
        }
        field.append(";\r\n\t").append(receivedField.date(now)).append("\r\n");
        return field.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// Pool and lifetime of the tenant's mail.
    private static Treatment treatment(TenantSettings tenant, LocalTerms terms, Instant now) {
        return new Treatment(
                Optional.empty(),
                expire(tenant, terms).map(now::plus),
                Optional.empty(),
                0,
                tenant.pool().orElse(terms.stream().pool()),
                "",
                Map.of());
    }

    private static Optional<Duration> expire(TenantSettings tenant, LocalTerms terms) {
        return tenant.expire()
                .filter(its -> terms.expire().isEmpty() || its.compareTo(terms.expire().get()) < 0)
                .or(terms::expire);
    }

    private static MailStream stream(MailStream configured, String campaign) {
        return campaign.isEmpty()
                ? configured
                : new MailStream(configured.tenant(), campaign, configured.priority());
    }

    /// The message on its way to the store, watched for size, hops, campaign and 8-bit text. Past
    /// the limit bytes are counted and dropped. Confined to one thread.
    private static final class Bytes implements ByteSink {
        private final MailStore.Body body;
        private final ArrivingBodies.Claim claim;
        private final TenantSettings tenant;
        private final QuotaClaim quota;
        private final HeaderScanner header;
        private final long bytesMax;
        private long size;
        private boolean isEightBit;

        Bytes(
                MailStore.Body body,
                ArrivingBodies.Claim claim,
                LocalTerms terms,
                TenantSettings tenant,
                QuotaClaim quota) {
            this.body = body;
            this.claim = claim;
            this.tenant = tenant;
            this.quota = quota;
            this.header = new HeaderScanner(terms.campaignHeader());
            this.bytesMax = terms.messageBytesMax();
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            size += length;
            if (isTooLarge()) {
                return;
            }
            claim.grow(size);
            header.scan(bytes, from, length);
            for (int i = from; i < from + length && !isEightBit; i++) {
                isEightBit = bytes[i] < 0;
            }
            body.write(bytes, from, length);
        }

        boolean isTooLarge() {
            return size > bytesMax;
        }
    }
}
