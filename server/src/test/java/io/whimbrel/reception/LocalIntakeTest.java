package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Treatment;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.Tenants;
import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class LocalIntakeTest {
    private static final LocalTerms TERMS =
            new LocalTerms(
                    "mx1.example.com",
                    new MailStream("system", "", PriorityClass.BULK),
                    Optional.of("X-Job"),
                    DsnPolicy.FAILURE,
                    1_000);

    private final MemoryMail store = new MemoryMail();
    private final ArrivingBodies arriving = new ArrivingBodies(1 << 20);
    private final Metrics metrics = new Metrics();
    private final ManualClock clock = new ManualClock();
    private Tenants tenants = Tenants.NONE;
    private final LocalIntake intake =
            new LocalIntake(
                    store,
                    arriving,
                    new Quotas(clock, metrics.door),
                    () -> tenants,
                    metrics,
                    clock);

    @Test
    void message_isStoredBehindAReceivedField() throws IOException {
        SmtpReply reply = accept("X-Job: 7\r\n\r\n\u00e4\r\n", "a@x.example", "a@X.example");

        assertThat(reply.code()).isEqualTo(250);
        MemoryMail.Stored mail = store.stored().getFirst();
        assertThat(mail.text())
                .startsWith(
                        "Received: from local (uid 1000)\r\n\tby mx1.example.com with local id "
                                + mail.id()
                                + "\r\n\tfor <a@x.example>;\r\n\tTue, 3 Nov 2026 10:15:30 +0000\r\n"
                                + "X-Job: 7\r\n");
        assertThat(mail.origin()).isEqualTo("local uid 1000 file-1");
        assertThat(mail.envelope().recipients()).hasSize(1);
        assertThat(mail.envelope().stream())
                .isEqualTo(new MailStream("system", "7", PriorityClass.BULK));
        assertThat(mail.envelope().parameters().bodyType()).isEqualTo(BodyType.EIGHT_BIT_MIME);
        assertThat(mail.envelope().dsnPolicy()).isEqualTo(DsnPolicy.FAILURE);
        assertThat(metrics.messagesAccepted.get()).isEqualTo(1);
        assertThat(store.open()).isZero();
        assertThat(arriving.level().used()).isZero();
    }

    @Test
    void tooLarge_replies552() throws IOException {
        assertThat(accept("x".repeat(1_001), "a@x.example").code()).isEqualTo(552);
        assertThat(store.stored()).isEmpty();
    }

    @Test
    void tenant_hasItsQuota_itsPool_andItsLifetime() throws IOException {
        TenantSettings plain = TenantSettings.withoutRules("system");
        tenants =
                new Tenants(
                        List.of(
                                new TenantSettings(
                                        plain.name(),
                                        List.of(),
                                        List.of(),
                                        Optional.of("internal"),
                                        new TenantSettings.TenantQuotas(
                                                Rate.parse("2/h").stream().toList(),
                                                Rate.parse("3/h").stream().toList(),
                                                Rate.parse("900/h").stream().toList()),
                                        plain.limits(),
                                        Optional.empty(),
                                        List.of(),
                                        Optional.empty(),
                                        Optional.empty(),
                                        false,
                                        List.of(),
                                        List.of(),
                                        Optional.of(Duration.ofHours(2)))));

        assertThat(accept("x", "a@x.example", "b@x.example", "c@x.example", "d@x.example").code())
                .isEqualTo(554);
        assertThat(accept("x".repeat(901), "a@x.example").code()).isEqualTo(552);
        assertThat(accept("x", "a@x.example").code()).isEqualTo(250);
        assertThat(accept("x", "a@x.example").code()).isEqualTo(250);
        assertThat(accept("x", "a@x.example").toString()).startsWith("451 4.7.1 Quota of tenant");
        Treatment treatment = store.stored().getFirst().envelope().treatment();
        assertThat(treatment.pool()).isEqualTo("internal");
        assertThat(treatment.expiresAt()).contains(clock.instant().plus(Duration.ofHours(2)));
        assertThat(store.open()).isZero();
    }

    @Test
    void lifetimeOfTheTerms_holds_unlessTheTenantsIsShorter() throws IOException {
        var terms =
                new LocalTerms(
                        "h.example",
                        MailStream.NONE,
                        Optional.empty(),
                        DsnPolicy.NEVER,
                        1_000,
                        Optional.of(Duration.ofHours(24)));
        LocalIntake.Source source = sink -> sink.write(new byte[0], 0, 0);
        intake.accept(terms, mail("a@x.example"), source);
        assertThat(store.stored().getFirst().envelope().treatment().expiresAt())
                .contains(clock.instant().plus(Duration.ofHours(24)));
    }

    @Test
    void loop_replies554() throws IOException {
        var terms =
                new LocalTerms(
                        "h.example", MailStream.NONE, Optional.empty(), DsnPolicy.FULL, 1 << 20);
        byte[] hops = "Received: x\r\n".repeat(101).getBytes(StandardCharsets.US_ASCII);
        SmtpReply reply =
                intake.accept(terms, mail("a@x.example"), sink -> sink.write(hops, 0, hops.length));
        assertThat(reply.code()).isEqualTo(554);
    }

    @Test
    void refusalsOfTheNode_areTheAnswer() throws IOException {
        SmtpReply full = SmtpReply.of(452, 4, 3, 1, "Full");
        store.refuseMailWith(Optional.of(full));
        assertThat(accept("x", "a@x.example")).isEqualTo(full);
        store.refuseMailWith(Optional.empty());
        store.refuseWith(full);
        assertThat(accept("x", "a@x.example")).isEqualTo(full);
    }

    @Test
    void noMemoryForBodies_replies452() throws IOException {
        ArrivingBodies.Claim claim = arriving.claim();
        claim.begin(0);
        claim.grow(1 << 20);
        ArrivingBodies.Claim other = arriving.claim();
        other.begin(0);
        other.grow(1 << 20);
        assertThat(accept("x", "a@x.example").code()).isEqualTo(452);
    }

    @Test
    void sourceThatFails_leavesNothing() {
        assertThatThrownBy(() ->
                        intake.accept(
                                TERMS,
                                mail("a@x.example"),
                                _ -> {
                                    throw new IOException("gone");
                                }))
                .hasMessage("gone");
        assertThat(store.stored()).isEmpty();
        assertThat(store.open()).isZero();
        assertThat(arriving.level().used()).isZero();
    }

    private SmtpReply accept(String text, String... recipients) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return intake.accept(TERMS, mail(recipients), sink -> sink.write(bytes, 0, bytes.length));
    }

    private static LocalMail mail(String... recipients) {
        List<Recipient> to =
                Stream.of(recipients)
                        .map(address ->
                                Recipient.of(
                                        new ForwardPath(
                                                address,
                                                DomainName.parse(
                                                                address.substring(
                                                                        address.indexOf('@') + 1))
                                                        .orElseThrow())))
                        .toList();
        return new LocalMail(
                new ReversePath("s@shop.example"), to, MailParameters.NONE, "uid 1000", "file-1");
    }
}
