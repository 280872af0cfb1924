package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.dkim.ArcSets;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.ResultsField;
import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.signing.ArcSettings;
import io.whimbrel.signing.DkimRule;
import io.whimbrel.signing.DkimRule.Form;
import io.whimbrel.signing.DkimRule.Scope;
import io.whimbrel.signing.Outbound;
import io.whimbrel.signing.Rendition;
import io.whimbrel.signing.Signing;
import io.whimbrel.signing.SigningProviders;
import io.whimbrel.signing.SigningSettings;
import io.whimbrel.time.SteadyClock;
import io.whimbrel.verification.ArcVerdict.ArcResult;
import io.whimbrel.verification.VerificationSettings.Check;
import io.whimbrel.verification.VerificationSettings.OnFail;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/// Mail that passes through: verified as it comes, sealed as it leaves, and verified by the same
/// checks at the next hop.
class SealedMailTest {
    private static final SigningProviders PROVIDERS =
            new SigningProviders(new SteadyClock()::nanos);
    private static final MailStream ANY = new MailStream("", "", PriorityClass.NORMAL, "");
    private static final String US = "mx1.example.com";
    private static final String RECEIVED = "Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000";
    private static final String MESSAGE =
            "From: Joe <joe@shop.test>\r\nTo: a@x.test\r\nSubject: Hi\r\n\r\nHello  you \r\n\r\n";
    private static final Instant NOW = Instant.ofEpochSecond(1_600_000_000);

    private final Map<String, SigningKey> keys = new HashMap<>();
    private final ZoneLookups zone = new ZoneLookups();
    private final AtomicLong ids = new AtomicLong();
    private Optional<Signing> signing = Optional.empty();

    @BeforeEach
    void publish() {
        make("a1", KeyAlgorithm.RSA);
        make("s1", KeyAlgorithm.RSA);
    }

    @AfterEach
    void close() {
        signing.ifPresent(Signing::close);
    }

    @Test
    void firstSeal_saysNone_andHolds() {
        open(List.of());

        String sealed = sealed(verified(MESSAGE));

        assertThat(sealed)
                .startsWith("ARC-Seal: a=rsa-sha256;")
                .contains(
                        ";\r\n cv=none; d=example.com; i=1; s=a1; t=1600000000\r\nARC-Message-Sig")
                .contains("\r\nARC-Authentication-Results: i=1; mx1.example.com;\r\n\tarc=none\r\n")
                .endsWith(verified(MESSAGE));
        assertThat(sealed.lines()).allMatch(line -> line.length() <= 78);
        assertThat(arc(sealed)).isEqualTo("pass 1 example.com");
    }

    @Test
    void chainThatHolds_isContinued() {
        open(List.of());
        String second = sealed(verified(sealed(verified(MESSAGE))));

        assertThat(second)
                .contains("cv=pass; d=example.com; i=2;", "i=2; mx1.example.com;\r\n\tarc=pass");
        assertThat(arc(second)).isEqualTo("pass 2 example.com");
        String third = sealed(verified(second));
        assertThat(arc(third)).isEqualTo("pass 3 example.com");
        assertThat(arc(third.replace("Hello", "Hallo"))).startsWith("fail");
    }

    @Test
    void brokenChain_isSealedAsFailed_onceAndByItself() {
        open(List.of());
        String broken = sealed(verified(MESSAGE)).replace("Hello", "Hallo");

        String sealed = sealed(verified(broken));

        assertThat(sealed).contains("cv=fail; d=example.com; i=2;", "\r\n\tarc=fail reason=");
        assertThat(arc(sealed)).startsWith("fail");
        assertThat(sealed(verified(sealed))).isEqualTo(verified(sealed));
    }

    /// RFC 8617 §5.2.1.
    @Test
    void chainWhoseKeyCannotBeAsked_hasFailedForGood() {
        open(List.of());
        String sealed = sealed(verified(MESSAGE));
        var deaf = new ZoneLookups().with("a1._domainkey.example.com", "TIMEOUT", "");

        String again = sealed(verified(sealed, EnumSet.of(Check.ARC), deaf));

        assertThat(again).contains("cv=fail; d=example.com; i=2;", "no answer for the key");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ARC-Seal: i=1; cv=none\r\n",
                "ARC-Seal: nonsense\r\nARC-Seal: i=7\r\n",
                "ARC-Authentication-Results: i=3; x\r\n",
                "ARC-Message-Signature: i=3\r\nARC-Message-Signature: i=3\r\n"
            })
    void fieldsThatAreNoChain_areSealedAsFailed(String fields) {
        open(List.of());

        assertThat(sealed(verified(fields + MESSAGE))).startsWith("ARC-Seal:").contains("cv=fail;");
    }

    @Test
    void chainOfFifty_isLeftAlone() {
        open(List.of());
        String message = sealed(verified(MESSAGE));
        for (int i = 2; i <= 50; i++) {
            message = sealed("Authentication-Results: " + US + "; arc=pass\r\n" + message);
        }

        assertThat(arc(message)).isEqualTo("pass 50 example.com");
        assertThat(sealed(verified(message))).isEqualTo(verified(message));
    }

    @Test
    void chainThatNobodyLookedAt_isLeftAlone() {
        open(List.of());
        String sealed = sealed(verified(MESSAGE));
        String unlooked = verified(sealed, EnumSet.of(Check.SPF), zone);

        assertThat(sealed(unlooked)).isEqualTo(unlooked);
        String first = sealed(verified(MESSAGE, EnumSet.of(Check.SPF), zone));
        assertThat(first).contains("cv=none", "i=1; mx1.example.com;\r\n\tspf=");
    }

    /// Whoever submits mail may write our name into it: only what stands above our own Received
    /// field is ours.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                RECEIVED + "\r\nAuthentication-Results: mx1.example.com; arc=none\r\n",
                "Authentication-Results: other.example; arc=none\r\n",
                "Authentication-Results: mx1.example.com.evil.test; arc=none\r\n",
                "X: y\r\nAuthentication-Results: mx1.example.com; arc=none\r\n"
            })
    void mailThatWasNotVerifiedHere_isNotSealed(String above) {
        open(List.of());

        assertThat(sealed(above + MESSAGE)).isEqualTo(above + MESSAGE);
    }

    @Test
    void seal_coversOurSignature() {
        open(List.of(rule("s1", true)));

        String sealed = sealed(verified(MESSAGE.replace("shop.test", "example.com")));

        assertThat(sealed.indexOf("ARC-Authentication-Results:"))
                .isLessThan(sealed.indexOf("DKIM-Signature:"));
        assertThat(arc(sealed)).isEqualTo("pass 1 example.com");
        assertThat(Checked.dkim(zone, bytes(sealed)).getFirst().result().word()).isEqualTo("pass");
        assertThat(arc(sealed.replace("DKIM-Signature:", "X:"))).startsWith("fail");
    }

    /// The body hash of a simple signature does for no seal.
    @Test
    void seal_isMade_whereOnlyTheSimpleHashIsKept() throws IOException {
        DkimRule simple = rule("s1", false);
        open(List.of(simple), Optional.empty());
        String message = verified(MESSAGE.replace("shop.test", "example.com"));
        var outbound = outbound(message, true);
        rendered(signing.orElseThrow(), outbound);

        Signing one = signing.orElseThrow();
        one.use(one.opened(settings(List.of(simple), Optional.of(sealer("a1"))), ring()));
        String sealed = text(((Rendition.Ready) rendered(one, outbound)).front()) + message;

        assertThat(arc(sealed)).isEqualTo("pass 1 example.com");
    }

    @Test
    void seal_isUsedAgain_whileItsKeyIsTheSame() throws IOException {
        open(List.of());
        Signing one = signing.orElseThrow();
        var outbound = outbound(verified(MESSAGE), true);
        byte[] first = ((Rendition.Ready) rendered(one, outbound)).front();

        assertThat(((Rendition.Ready) rendered(one, outbound)).front()).isSameAs(first);
        Signing.Succession next = (_, _, _) -> new Signing.Successor("s1", place("s1"));
        one.renew(new Signing.Keys(ring().shelf(), next));
        String renewed = text(((Rendition.Ready) rendered(one, outbound)).front());
        assertThat(renewed).contains("; s=s1;");
        assertThat(arc(renewed + verified(MESSAGE))).isEqualTo("pass 1 example.com");
    }

    @Test
    void keyOfEd25519_isRefused() {
        make("e1", KeyAlgorithm.ED25519);

        assertThat(catchThrowable(() -> signing(List.of(), Optional.of(sealer("e1")))))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "[arc] e1 of example.com: the key is ed25519 256, and ARC is sealed by"
                                + " rsa-sha256 alone; make one: whimbrel dkim gen example.com"
                                + " --algorithm rsa2048");
    }

    @Test
    void keyThatIsMissing_keepsItsMailWaiting() {
        var vault = new KeyPlace.Vault("secret", "x", "key");
        var settings = new ArcSettings(new DomainName("example.com"), "v1", vault, US);
        open(List.of(), Optional.of(settings));

        assertThat(rendered(signing.orElseThrow(), outbound(verified(MESSAGE), false)))
                .isInstanceOfSatisfying(
                        Rendition.Impossible.class,
                        it -> assertThat(it.reply().toString()).startsWith("451 4.7.5"));
        assertThat(sealed(MESSAGE)).isEqualTo(MESSAGE);
    }

    @Test
    void headerBeyondAMebibyte_leavesUnsealed() {
        open(List.of());
        String large =
                verified("To: " + "b@x.test,\r\n ".repeat(100_000) + "a@x.test\r\n" + MESSAGE);

        assertThat(sealed(large)).isEqualTo(large);
    }

    @FuzzTest(maxDuration = "30s")
    void strangers_neverThrow(byte[] bytes) {
        check(bytes);
    }

    @Test
    void randomPieces_neverThrow() {
        String[] pieces = {
            "Authentication-Results:",
            "ARC-Seal:",
            "ARC-Message-Signature:",
            "i=1",
            "i=2",
            "i=50",
            "ARC-Authentication-Results:",
            "mx1.example.com",
            "arc",
            "=",
            "pass",
            "none",
            "fail",
            ";",
            "; ",
            "(",
            ")",
            "\"",
            "\\",
            "/",
            "cv=fail",
            "cv=none",
            " ",
            "\t",
            "\r\n ",
            "\r\n"
        };
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int round = 0; round < 10_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(30); i >= 0; i--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            try {
                check(bytes(text.toString()));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", text " + text, e);
            }
        }
    }

    private static void check(byte[] bytes) {
        var sets = new ArcSets(new HeaderFields(bytes, bytes.length));
        assertThat(sets.newest()).isBetween(0, 50);
        if (sets.read() instanceof ArcSets.Reading.Whole(var whole)) {
            assertThat(sets.newest()).isEqualTo(whole.size());
        }
        sets.hasFailed();
        String text = text(bytes);
        ResultsField read = ResultsField.of(text);
        assertThat(text).contains(read.results());
        assertThat(ResultsField.result(read.results(), "arc")).isNotNull();
    }

    @Test
    void results_areFound_wherePeersWroteWhatLooksLikeThem() {
        String value =
                " (x; arc=fail) \"mx1.example.com\" 1; spf=pass reason=\"a; arc=fail\";"
                        + " dkim=pass (; arc=fail (;)) header.d=x; ARC / 1 = Pass (y); arc=none";

        ResultsField read = ResultsField.of(value);

        assertThat(read.isBy("MX1.example.com.")).isTrue();
        assertThat(ResultsField.result(read.results(), "arc")).contains("pass");
        assertThat(ResultsField.result(read.results(), "dmarc")).isEmpty();
        assertThat(ResultsField.result("none", "arc")).isEmpty();
    }

    /// The message as it lies in the spool after a listener has verified it.
    private String verified(String message) {
        return verified(message, EnumSet.of(Check.ARC), zone);
    }

    private static String verified(String message, EnumSet<Check> checks, Lookups lookups) {
        var settings = new VerificationSettings(checks, OnFail.MARK, OnFail.MARK);
        Verdicts verdicts = Checked.run(settings, lookups, "", bytes(message), NOW);
        return text(verdicts.field(US)) + RECEIVED + "\r\n" + message;
    }

    private String arc(String message) {
        ArcVerdict verdict = Checked.arc(zone, bytes(message));
        return verdict.result() == ArcResult.PASS
                ? "pass " + verdict.instances() + " " + verdict.domain()
                : verdict.result().word() + " " + verdict.reason();
    }

    private String sealed(String message) {
        Rendition rendition = rendered(signing.orElseThrow(), outbound(message, false));
        return text(((Rendition.Ready) rendition).front()) + message;
    }

    private Outbound outbound(String message, boolean isWantedAgain) {
        byte[] bytes = bytes(message);
        var id = new QueueId(ids.incrementAndGet());
        return new Outbound(id, ANY, bytes.length, () -> whole(bytes), isWantedAgain);
    }

    private static BodySource whole(byte[] bytes) {
        var left = new AtomicLong(1);
        return () -> left.getAndDecrement() > 0 ? bytes : new byte[0];
    }

    private void open(List<DkimRule> rules) {
        open(rules, Optional.of(sealer("a1")));
    }

    private void open(List<DkimRule> rules, Optional<ArcSettings> arc) {
        try {
            signing = Optional.of(signing(rules, arc));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Signing signing(List<DkimRule> rules, Optional<ArcSettings> arc) throws IOException {
        return new Signing(
                settings(rules, arc), ring(), PROVIDERS, new Metrics().signing, () -> NOW);
    }

    private static SigningSettings settings(List<DkimRule> rules, Optional<ArcSettings> arc) {
        return new SigningSettings(rules, arc, Path.of("/"), OptionalInt.of(1), 1 << 20);
    }

    private Signing.Keys ring() {
        return new Signing.Keys(
                place ->
                        Optional.ofNullable(keys.get(place.toString()))
                                .orElseThrow(() -> new IOException("nothing at " + place)),
                Signing.Succession.NONE);
    }

    private static ArcSettings sealer(String selector) {
        return new ArcSettings(new DomainName("example.com"), selector, place(selector), US);
    }

    private static DkimRule rule(String selector, boolean isRelaxed) {
        var form =
                new Form(
                        isRelaxed,
                        isRelaxed,
                        Form.FIELDS,
                        Form.OVER_SIGNED,
                        Optional.empty(),
                        new DkimRule.Identity.Unsaid());
        return new DkimRule(
                Optional.of(new DomainName("example.com")),
                selector,
                place(selector),
                Scope.ALL,
                form);
    }

    private static KeyPlace place(String selector) {
        return new KeyPlace.File(Path.of("/" + selector));
    }

    private void make(String selector, KeyAlgorithm algorithm) {
        try {
            boolean isRsa = algorithm == KeyAlgorithm.RSA;
            var generator = KeyPairGenerator.getInstance(isRsa ? "RSA" : "Ed25519");
            if (isRsa) {
                generator.initialize(1_024);
            }
            KeyPair pair = generator.generateKeyPair();
            byte[] encoded = pair.getPublic().getEncoded();
            byte[] shown = isRsa ? encoded : Arrays.copyOfRange(encoded, 12, encoded.length);
            zone.withText(
                    selector + "._domainkey.example.com",
                    "v=DKIM1; k=%s; p=%s"
                            .formatted(
                                    algorithm.keyType(),
                                    Base64.getEncoder().encodeToString(shown)));
            keys.put(
                    "/" + selector,
                    new SigningKey(
                            algorithm,
                            isRsa ? 1_024 : 256,
                            pair.getPrivate(),
                            pair.getPublic(),
                            Optional.empty()));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /// The message can always be read.
    private static Rendition rendered(Signing signing, Outbound message) {
        try {
            return signing.render(message, "line");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
