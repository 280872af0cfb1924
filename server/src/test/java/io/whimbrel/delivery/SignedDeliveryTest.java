package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.signing.SigningFixture;
import io.whimbrel.token.CampaignRule;
import io.whimbrel.token.HeaderTemplate;
import io.whimbrel.token.TemplateException;
import io.whimbrel.token.VerpTemplate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.List;
import java.util.Optional;

/// What leaves is signed, encoded and addressed as the configuration wants it, with whole
/// dispatchers.
@Timeout(60)
final class SignedDeliveryTest {
    private static final String SERVES = "S: 220 mx.test\nSERVE:";
    private static final String TEXT =
            "From: a@sender.test\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";

    @Test
    void mail_leavesSigned_withItsSize() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, "/s1.pem", TEXT + "hi\r\n")) {
            post.admit("a@x.test");

            assertThat(post.attempt().results().getFirst()).isInstanceOf(Accepted.class);
            String text = peer.texts().getFirst();
            assertThat(text)
                    .startsWith("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
                    .endsWith(TEXT + "hi\r\n");
            assertThat(peer.heard()).anyMatch(line -> line.startsWith("MAIL FROM:<"));
        }
    }

    @Test
    void keyThatIsNotThere_makesItsMailWait_untried() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, "vault:secret/x#key", TEXT + "hi\r\n")) {
            post.admit("a@x.test");

            assertThat(post.attempt().results().getFirst())
                    .isInstanceOfSatisfying(
                            NotTried.class,
                            it -> assertThat(it.reply().toString()).startsWith("451 4.7.5 Key s1"));
            assertThat(peer.heard()).noneMatch(line -> line.startsWith("MAIL"));
        }
    }

    @Test
    void severalDestinations_shareASignature() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, "/s1.pem", TEXT + "hi\r\n")) {
            post.admit("a@x.test", "b@y.test", "c@z.test");

            assertThat(post.attempts(3)).hasSize(3);
            assertThat(peer.texts()).hasSize(3).containsOnly(peer.texts().getFirst());
            assertThat(post.metrics.registry().scrape().stream())
                    .filteredOn(
                            it -> it.getMetadata().getName().equals("whimbrel_signatures_reused"))
                    .singleElement()
                    .satisfies(it ->
                            assertThat(((CounterSnapshot) it).getDataPoints().getFirst().getValue())
                                    .isEqualTo(2));
        }
    }

    /// The peer that only serves offers no 8BITMIME.
    @Test
    void eightBitText_isEncodedBeforeItIsSigned_whereTheHostTakesNone() {
        var parameters =
                new MailParameters(BodyType.EIGHT_BIT_MIME, false, DsnReturn.UNSPECIFIED, "");
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, "/s1.pem", TEXT + "gr\u00fc\u00df\r\n")) {
            post.admit(parameters, "a@x.test");

            assertThat(post.attempt().results().getFirst()).isInstanceOf(Accepted.class);
            assertThat(peer.texts().getFirst())
                    .startsWith("DKIM-Signature:")
                    .contains("Content-Transfer-Encoding: quoted-printable\r\n")
                    .contains("content-transfer-encoding:")
                    .endsWith("\r\n\r\ngr=FC=DF\r\n");
        }
    }

    @Test
    void verpAndToken_giveEachRecipientATransaction_coveredByItsSignature()
            throws TemplateException {
        var rule =
                new CampaignRule(
                        List.of(),
                        List.of(),
                        Optional.of(HeaderTemplate.parse("Feedback-ID", "a:b:c:d")),
                        Optional.of(
                                HeaderTemplate.parse(
                                        "List-Unsubscribe", "<https://u.test/{token}>")),
                        true,
                        true,
                        Optional.of(VerpTemplate.parse("b+{recipient}@b.test")));
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, "/s1.pem", TEXT + "hi\r\n")) {
            post.add(rule);
            post.admit("a@x.test", "b@x.test");

            assertThat(post.attempts(2))
                    .allSatisfy(it -> assertThat(it.entry().recipients().size()).isOne());
            assertThat(peer.heard())
                    .anyMatch(line -> line.startsWith("MAIL FROM:<b+a=x.test@b.test>"))
                    .anyMatch(line -> line.startsWith("MAIL FROM:<b+b=x.test@b.test>"));
            assertThat(peer.texts())
                    .hasSize(2)
                    .doesNotHaveDuplicates()
                    .allSatisfy(text ->
                            assertThat(text)
                                    .contains(
                                            "Feedback-ID: a:b:c:d\r\n",
                                            "List-Unsubscribe: <https://u.test/",
                                            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
                                            "X-Whimbrel-Ref: ")
                                    .containsPattern(
                                            "h=[^;]*list-unsubscribe:[^;]*list-unsubscribe-post:"
                                                    + "[^;]*feedback-id:[^;]*x-whimbrel-ref;"));
        }
    }

    @Test
    void fieldsThatAreThere_stay() throws TemplateException {
        var rule =
                new CampaignRule(
                        List.of(),
                        List.of(),
                        Optional.of(HeaderTemplate.parse("Feedback-ID", "ours:b:c:d")),
                        Optional.of(HeaderTemplate.parse("List-Unsubscribe", "<https://u.test/>")),
                        true,
                        false,
                        Optional.empty());
        String own = "Feedback-ID: theirs\r\nList-Unsubscribe: <mailto:u@x.test>\r\n";
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, "/s1.pem", own + TEXT + "hi\r\n")) {
            post.add(rule);
            post.admit("a@x.test", "b@x.test");

            assertThat(post.attempt().entry().recipients().size()).isEqualTo(2);
            assertThat(peer.texts().getFirst())
                    .contains(own)
                    .doesNotContain("ours", "One-Click", "https");
        }
    }

    private static Post post(ScriptedPeer peer, String key, String text) {
        return new Post(
                Post.SETTINGS,
                _ -> TestMail.body(text),
                (metrics, clock) -> SigningFixture.signing(key, metrics, clock),
                Post.routeTo(peer));
    }
}
