package io.whimbrel.reception;

import io.whimbrel.header.MessageControls;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Treatment;
import io.whimbrel.policy.QuotaClaim;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.Tenants;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Whether a message that has come may be sent as its header says, and as whose.
sealed interface Sending {

    /// @param tenant whose mail it is
    /// @param stream of the envelope
    /// @param treatment of the envelope
    /// @param claim what it takes of the tenant's quotas, to be kept or given back
    record Allowed(TenantSettings tenant, MailStream stream, Treatment treatment, QuotaClaim claim)
            implements Sending {}

    record Refused(SmtpReply reply) implements Sending {}

    /// @param now when the message has come
    static Sending of(IncomingMail mail, Instant now) {
        Client client = mail.arrival().client();
        Client.Standing standing = client.standing();
        String name = mail.controls().tenant().orElse(standing.tenant().name());
        if (standing.isNamed() && !name.equals(standing.tenant().name())) {
            return refused(
                    "Tenant " + standing.tenant().name() + " may not send as tenant " + name);
        }
        Tenants tenants = client.terms().door().tenants();
        boolean isSame = name.equals(standing.tenant().name());
        if (!isSame && !tenants.all().isEmpty() && !tenants.isConfigured(name)) {
            return refused("There is no tenant " + name);
        }
        TenantSettings tenant = tenants.named(name);
        Optional<SmtpReply> refusal =
                (isSame ? Optional.<SmtpReply>empty() : refusalOfPath(mail, tenant))
                        .or(() -> refusalOfFrom(mail, tenant))
                        .or(() -> refusalOfTimes(mail, tenant, now));
        if (refusal.isPresent()) {
            return new Refused(refusal.get());
        }
        Optional<PriorityClass> asked = mail.controls().priority();
        if (asked.isPresent() && !tenant.mayUse(asked.get())) {
            return refused("Tenant " + name + " may not send mail of this class");
        }
        QuotaClaim claim =
                isSame
                        ? mail.arrival().visit().claim()
                        : client.terms().door().shared().quotas().claim(tenant);
        Optional<SmtpReply> usedUp =
                (isSame ? Optional.<SmtpReply>empty() : takeAll(claim, mail, tenant))
                        .or(() -> claim.body(mail.size()));
        if (usedUp.isPresent()) {
            claim.giveBack();
            return new Refused(usedUp.get());
        }
        return new Allowed(tenant, stream(mail, tenant), treatment(mail, tenant, now), claim);
    }

    private static MailStream stream(IncomingMail mail, TenantSettings tenant) {
        MailStream byListener = byListener(mail);
        int mtPriority = mail.arrival().transaction().treatment().mtPriority();
        // What MT-PRIORITY asks beyond what the tenant may have is lowered (RFC 6710 §4.1).
        Optional<PriorityClass> wanted =
                mtPriority == 0
                        ? Optional.empty()
                        : Optional.of(PriorityClass.ofMtPriority(mtPriority))
                                .filter(tenant::mayUse);
        PriorityClass priority =
                mail.controls()
                        .priority()
                        .or(() -> wanted)
                        .or(tenant::priority)
                        .orElse(byListener.priority());
        String campaign = mail.controls().campaign().orElse(mail.header().value());
        boolean isAsListened =
                campaign.isEmpty()
                        && tenant.name().equals(byListener.tenant())
                        && priority == byListener.priority();
        return isAsListened ? byListener : new MailStream(tenant.name(), campaign, priority);
    }

    private static MailStream byListener(IncomingMail mail) {
        return mail.arrival().client().terms().settings().handling().stream();
    }

    private static Treatment treatment(IncomingMail mail, TenantSettings tenant, Instant now) {
        MessageControls controls = mail.controls();
        Treatment asked = mail.arrival().transaction().treatment();
        Optional<Instant> notBefore = controls.notBefore().or(asked::notBefore);
        Instant begins = notBefore.filter(now::isBefore).orElse(now);
        var treatment =
                new Treatment(
                        notBefore.filter(now::isBefore),
                        controls.expiresAt().or(() -> tenant.expire().map(begins::plus)),
                        asked.deliverBy(),
                        asked.mtPriority(),
                        controls.pool().or(tenant::pool).orElseGet(() -> byListener(mail).pool()),
                        mail.arrival()
                                .client()
                                .login()
                                .map(granted -> granted.identity().user())
                                .orElse(""),
                        controls.metadata());
        return treatment.isNone() ? Treatment.NONE : treatment;
    }

    private static Optional<SmtpReply> refusalOfTimes(
            IncomingMail mail, TenantSettings tenant, Instant now) {
        MessageControls controls = mail.controls();
        Optional<Duration> most =
                mail.arrival().client().terms().settings().handling().offered().futureRelease();
        if (controls.expiresAt().filter(end -> !end.isAfter(now)).isPresent()) {
            return Optional.of(SmtpReply.of(554, 5, 4, 7, "The message has expired already"));
        }
        boolean isTooLate =
                controls.notBefore()
                        .filter(at -> most.isEmpty() || at.isAfter(now.plus(most.get())))
                        .isPresent();
        if (isTooLate) {
            return Optional.of(
                    SmtpReply.of(
                            554, 5, 7, 1, "Mail may not wait here that long: see future-release"));
        }
        Treatment wanted = treatment(mail, tenant, now);
        return wanted.notBefore().filter(wanted::isOver).isPresent()
                ? Optional.of(
                        SmtpReply.of(
                                554, 5, 4, 7, "The message would expire before it is released"))
                : Optional.empty();
    }

    /// At MAIL the header was not known, nor the tenant that it names.
    private static Optional<SmtpReply> refusalOfPath(IncomingMail mail, TenantSettings tenant) {
        String address = mail.arrival().transaction().reversePath().address();
        var path = new SmtpPath(address, address.substring(address.lastIndexOf('@') + 1));
        Client client = mail.arrival().client();
        return client.terms().door().refusalOfReversePath(client, tenant, path);
    }

    /// Of a tenant that only the header named, nothing was taken before.
    private static Optional<SmtpReply> takeAll(
            QuotaClaim claim, IncomingMail mail, TenantSettings tenant) {
        long bytesMax = tenant.limits().messageBytesMax().orElse(Long.MAX_VALUE);
        if (mail.size() > bytesMax) {
            return Optional.of(SmtpSession.tooLarge(bytesMax));
        }
        Optional<SmtpReply> usedUp = claim.message(0);
        int recipients = mail.arrival().transaction().recipients().size();
        for (int i = 0; i < recipients && usedUp.isEmpty(); i++) {
            usedUp = claim.recipient();
        }
        return usedUp;
    }

    private static Sending refused(String text) {
        return new Refused(SmtpReply.of(550, 5, 7, 1, text));
    }

    private static Optional<SmtpReply> refusalOfFrom(IncomingMail mail, TenantSettings tenant) {
        Client client = mail.arrival().client();
        return mail.edit().isPresent() && client.mayRelay()
                ? client.terms().door().refusalOfFrom(client, tenant, mail.edit().get().from())
                : Optional.empty();
    }
}
