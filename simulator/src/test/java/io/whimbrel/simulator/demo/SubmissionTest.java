package io.whimbrel.simulator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.simulator.Catalogue;
import io.whimbrel.simulator.Fate;
import io.whimbrel.simulator.KeptMessage;
import io.whimbrel.simulator.Personality;
import io.whimbrel.simulator.ProviderSpec;
import io.whimbrel.simulator.Reply;
import io.whimbrel.simulator.SimulatedInternet;
import io.whimbrel.simulator.SimulatorClock;
import io.whimbrel.simulator.SimulatorOptions;
import io.whimbrel.simulator.Stage;
import io.whimbrel.simulator.Trait;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Senders straight at a provider, which takes the place of the server.
@Timeout(60)
class SubmissionTest {
    private static SimulatedInternet internet(Personality personality) throws IOException {
        return SimulatedInternet.start(
                SimulatorOptions.of(Catalogue.of(ProviderSpec.single("a", "a.test", personality)))
                        .withKeptMessages(100));
    }

    private static InetSocketAddress server(SimulatedInternet internet) {
        return new InetSocketAddress(
                internet.provider("a").addresses().getFirst(), internet.smtpPort());
    }

    /// Returns once all has been sent.
    private static Submission send(SimulatedInternet internet, List<Mailing> plan)
            throws InterruptedException {
        Map<Tenant, InetSocketAddress> servers =
                Map.of(Tenant.SHOP, server(internet), Tenant.NEWS, server(internet));
        try (var submission = Submission.start(plan, servers, SimulatorClock.real())) {
            submission.awaitDone();
            assertThat(submission.isDone()).isTrue();
            return submission;
        }
    }

    @Test
    void allThatIsPlanned_arrivesAsWritten() throws IOException, InterruptedException {
        try (var internet = internet(Personality.ACCEPTS)) {
            List<Mailing> plan = MailingPlan.of(internet, 1, 60);
            Submission submission = send(internet, plan);
            assertThat(submission.troubles()).isEmpty();
            assertThat(submission.acknowledged()).containsExactlyInAnyOrderElementsOf(plan);
            assertThat(internet.totals().acceptedRecipients()).isEqualTo(60);
            assertThat(internet.totals().connections()).isEqualTo(8);
            Map<String, String> kept = new HashMap<>();
            for (KeptMessage message : internet.keptMessages()) {
                kept.put(message.recipients().getFirst(), message.text());
            }
            for (Mailing mailing : plan) {
                String text = kept.getOrDefault(mailing.recipient(), "absent");
                assertThat(text)
                        .contains("To: " + mailing.recipientName() + " <" + mailing.recipient())
                        .contains("\r\nSubject: " + mailing.subject() + "\r\n")
                        .contains("\r\nMessage-ID: <" + mailing.number() + ".")
                        .contains("\r\nDate: ")
                        .endsWith("\r\n");
                assertThat(text.contains("\r\nX-Campaign: " + mailing.campaign() + "\r\n"))
                        .isEqualTo(mailing.tenant() == Tenant.NEWS);
            }
        }
    }

    @Test
    void refusals_areNotAcknowledged() throws IOException, InterruptedException {
        Reply full = Reply.of(452, "4.3.1", "no room");
        var personality = Personality.of(new Trait.Mailboxes("full", Stage.RCPT, full));
        try (var internet = internet(personality)) {
            List<Mailing> plan = MailingPlan.of(internet, 1, 200);
            Submission submission = send(internet, plan);
            assertThat(plan).filteredOn(it -> it.fate() == Fate.DEFERRED).hasSize(1);
            assertThat(submission.acknowledgedCount()).isEqualTo(199);
            assertThat(submission.troubles())
                    .singleElement()
                    .asString()
                    .contains("452 4.3.1 no room")
                    .contains("full.");
        }
    }

    @Test
    void lostConnections_areTroubles() throws IOException, InterruptedException {
        var personality = Personality.of(new Trait.Drops(Stage.MID_BODY, 1));
        try (var internet = internet(personality)) {
            Submission submission = send(internet, MailingPlan.of(internet, 1, 60));
            assertThat(submission.acknowledgedCount()).isZero();
            assertThat(submission.troubles()).hasSize(8);
        }
    }

    @Test
    void dots_areStuffed() throws IOException {
        try (var internet = internet(Personality.ACCEPTS);
                var client = SubmissionClient.connect(server(internet), "app.test")) {
            String text = "Subject: dots\r\n\r\n.\r\n..two\r\nin. the\r\n.middle\r\n";
            byte[] message = text.getBytes(StandardCharsets.US_ASCII);
            assertThat(client.deliver("s@x.test", "r@a.test", message).code()).isEqualTo(250);
            assertThat(internet.keptMessages().getFirst().text()).isEqualTo(text);
        }
    }

    @Test
    void plan_isThatOfItsSeed() throws IOException {
        try (var internet = SimulatedInternet.start(SimulatorOptions.of(Catalogue.everyday(150)))) {
            List<Mailing> plan = MailingPlan.of(internet, 1, 2_000);
            assertThat(MailingPlan.of(internet, 1, 2_000)).isEqualTo(plan);
            assertThat(MailingPlan.of(internet, 2, 2_000)).isNotEqualTo(plan);
            Set<String> recipients = new HashSet<>();
            Set<String> providers = new HashSet<>();
            Set<Tenant> tenants = EnumSet.noneOf(Tenant.class);
            Map<Fate, Integer> fates = new HashMap<>();
            for (Mailing mailing : plan) {
                String recipient = mailing.recipient();
                recipients.add(recipient);
                String domain = recipient.substring(recipient.indexOf('@') + 1);
                providers.add(internet.providerOf(domain).orElseThrow().name());
                tenants.add(mailing.tenant());
                fates.merge(mailing.fate(), 1, Integer::sum);
                int length = mailing.render(Instant.EPOCH).length;
                assertThat(length).isBetween(1_000, 41_200);
            }
            assertThat(recipients).hasSize(2_000);
            assertThat(providers).hasSize(6);
            assertThat(tenants).hasSize(2);
            assertThat(fates.get(Fate.DEFERRED)).isBetween(5, 10);
            assertThat(fates.get(Fate.BOUNCED)).isBetween(20, 100);
            assertThat(fates).doesNotContainKey(Fate.UNDECIDED);
        }
    }
}
