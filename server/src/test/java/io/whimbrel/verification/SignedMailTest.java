package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.mail.AddedField;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.signing.DkimRule;
import io.whimbrel.signing.DkimRule.Form;
import io.whimbrel.signing.DkimRule.Identity;
import io.whimbrel.signing.DkimRule.Scope;
import io.whimbrel.signing.Outbound;
import io.whimbrel.signing.Rendition;
import io.whimbrel.signing.Signing;
import io.whimbrel.signing.SigningProviders;
import io.whimbrel.signing.SigningSettings;
import io.whimbrel.time.SteadyClock;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/// What is signed is what the verification of this project, which the vectors of others prove,
/// finds good.
class SignedMailTest {
    private static final SigningProviders PROVIDERS =
            new SigningProviders(new SteadyClock()::nanos);
    private static final MailStream SHOP =
            new MailStream("shop", "", PriorityClass.NORMAL, "promo");
    private static final String MESSAGE =
            "From: Joe <joe@example.com>\r\nTo: a@x.test\r\nSubject: Hi\r\n\r\nHello  you \r\n\r\n";

    private final Map<String, SigningKey> keys = new HashMap<>();
    private final ZoneLookups zone = new ZoneLookups();
    private final AtomicLong seconds = new AtomicLong(1_600_000_000);
    private final AtomicLong ids = new AtomicLong();
    private Optional<Signing> signing = Optional.empty();

    @AfterEach
    void close() {
        signing.ifPresent(Signing::close);
    }

    @ParameterizedTest
    @CsvSource({
        "RSA, true, true", "RSA, true, false", "RSA, false, true", "RSA, false, false",
        "ED25519, true, true", "ED25519, true, false", "ED25519, false, true",
                "ED25519, false, false"
    })
    void everyForm_verifies(KeyAlgorithm algorithm, boolean header, boolean body) {
        DkimRule rule = rule("example.com", "s1", algorithm, Scope.ALL, form(header, body));

        String signed = signed(MESSAGE, rule);

        assertThat(verdicts(signed)).containsExactly("pass example.com s1");
        assertThat(signed).endsWith(MESSAGE).contains(" v=1; a=" + algorithm.tag() + "; c=");
        assertThat(signed.lines()).allMatch(line -> line.length() <= 78);
    }

    @Test
    void keysOfBothKinds_signBoth() {
        assertThat(
                        verdicts(
                                signed(
                                        MESSAGE,
                                        rule("example.com", "r1", KeyAlgorithm.RSA),
                                        rule("example.com", "e1", KeyAlgorithm.ED25519))))
                .containsExactlyInAnyOrder("pass example.com r1", "pass example.com e1");
    }

    @Test
    void esp_signsInAddition() {
        var others =
                new Scope(
                        List.of(DomainPattern.parse("*").orElseThrow()),
                        true,
                        List.of(),
                        List.of(),
                        true);

        assertThat(
                        verdicts(
                                signed(
                                        MESSAGE,
                                        rule("example.com", "s1", KeyAlgorithm.RSA),
                                        rule(
                                                "esp.test",
                                                "k",
                                                KeyAlgorithm.RSA,
                                                others,
                                                Form.DEFAULT))))
                .containsExactlyInAnyOrder("pass example.com s1", "pass esp.test k");
    }

    @ParameterizedTest
    @CsvSource({
        "joe@example.com, pass example.com s1",
        "joe@news.example.com, pass news.example.com n1",
        "joe@a.news.example.com, pass news.example.com n1",
        "joe@b.example.com, pass example.com s1",
        "joe@badexample.com, none  ",
        "joe@com, none  "
    })
    void longestDomain_signs(String from, String expected) {
        String signed =
                signed(
                        MESSAGE.replace("joe@example.com", from),
                        rule("example.com", "s1", KeyAlgorithm.RSA),
                        rule("news.example.com", "n1", KeyAlgorithm.RSA));

        assertThat(verdicts(signed).getFirst().strip()).isEqualTo(expected.strip());
    }

    @Test
    void keyForFewer_signsInstead() {
        var shop = new Scope(List.of(), true, List.of("shop"), List.of(), true);
        var other = new Scope(List.of(), true, List.of("other"), List.of(), true);
        var promo =
                new Scope(
                        List.of(),
                        true,
                        List.of("shop"),
                        List.of(new DkimRule.Kind("promo", PriorityClass.NORMAL)),
                        true);

        String signed =
                signed(
                        MESSAGE,
                        rule("example.com", "all", KeyAlgorithm.RSA),
                        rule("example.com", "shop", KeyAlgorithm.RSA, shop, Form.DEFAULT),
                        rule("example.com", "promo", KeyAlgorithm.RSA, promo, Form.DEFAULT),
                        rule("example.com", "other", KeyAlgorithm.RSA, other, Form.DEFAULT));

        assertThat(verdicts(signed)).containsExactly("pass example.com promo");
    }

    @Test
    void subdomain_isLeftOut_whereTheKeyIsNotForIt() {
        var apex = new Scope(List.of(), false, List.of(), List.of(), true);
        DkimRule rule = rule("example.com", "s1", KeyAlgorithm.RSA, apex, Form.DEFAULT);

        assertThat(verdicts(signed(MESSAGE, rule))).containsExactly("pass example.com s1");
        String below = MESSAGE.replace("joe@", "joe@a.");
        assertThat(signed(below, rule)).isEqualTo(below);
    }

    @Test
    void ifAbsent_leavesASignedMessageAlone() {
        var absent = new Scope(List.of(), true, List.of(), List.of(), false);
        DkimRule rule = rule("example.com", "s1", KeyAlgorithm.RSA, absent, Form.DEFAULT);
        String signed = signed(MESSAGE, rule);

        assertThat(signed(signed, rule)).isEqualTo(signed);
        String byOthers = signed.replace("d=example.com", "d=other.test");
        assertThat(signed(byOthers, rule)).isNotEqualTo(byOthers);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Subject: x\r\n", "From: evil@x.test\r\n", "To: b@x.test\r\n"})
    void addedField_breaksIt(String field) {
        String signed = signed(MESSAGE, rule("example.com", "s1", KeyAlgorithm.RSA));

        assertThat(verdicts(field + signed)).containsExactly("fail example.com s1");
    }

    @ParameterizedTest
    @CsvSource({"author, joe@example.com", "@news.example.com, @news.example.com"})
    void identity_isSaid(String identity, String expected) {
        Identity who =
                identity.equals("author") ? new Identity.Author() : new Identity.Fixed(identity);
        var form =
                new Form(
                        true,
                        true,
                        Form.FIELDS,
                        Form.OVER_SIGNED,
                        Optional.of(Duration.ofDays(14)),
                        who);

        String signed =
                signed(MESSAGE, rule("example.com", "s1", KeyAlgorithm.RSA, Scope.ALL, form));

        assertThat(verdicts(signed)).containsExactly("pass example.com s1");
        assertThat(signed).contains("i=" + expected + ";", "t=1600000000;", "x=1601209600;");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "From: joe@example.com\r\n\r\n",
                "From: joe@example.com\r\n",
                "From: joe@example.com\r\n\r\n\r\n\r\n\r\n",
                "From: joe@example.com\r\n\r\nno line end",
                "From:joe@example.com\r\nSubject:\r\n \r\n\t\r\n\r\nx\r\n",
                "from : joe@example.com\r\nSUBJECT  :  a   b \t\r\n c\r\n\r\n \t \r\nx \t\r\n\r\n",
                "From: \"j;=o\" <joe@example.com>\r\nSubject: a\r\nSubject: b\r\n\r\nx",
                "From: jo\u00e9 <jo\u00e9@example.com>\r\nSubject: \u00fcber\r\n\r\n\u00e4\r\n"
            })
    void edges_verify(String message) {
        for (boolean header : List.of(true, false)) {
            for (boolean body : List.of(true, false)) {
                var form =
                        new Form(
                                header,
                                body,
                                Form.FIELDS,
                                Form.OVER_SIGNED,
                                Optional.empty(),
                                new Identity.Author());
                String selector = "s" + header + body;
                DkimRule rule =
                        rule("example.com", selector, KeyAlgorithm.ED25519, Scope.ALL, form);
                assertThat(verdicts(signed(message, rule)))
                        .containsExactly("pass example.com " + selector);
            }
        }
    }

    @Test
    void veryLongHeader_verifies() {
        String to = "To: " + "someone@somewhere.test,\r\n ".repeat(6_000) + "a@x.test\r\n";

        assertThat(
                        verdicts(
                                signed(
                                        to + MESSAGE.replace("To: a@x.test\r\n", ""),
                                        rule("example.com", "s1", KeyAlgorithm.RSA))))
                .containsExactly("pass example.com s1");
    }

    @Test
    void headerBeyondAMebibyte_isNotSentUnsigned() {
        String to = "To: " + "someone@somewhere.test,\r\n ".repeat(50_000) + "a@x.test\r\n";

        assertThat(render(to + MESSAGE, rule("example.com", "s1", KeyAlgorithm.RSA)))
                .isInstanceOfSatisfying(
                        Rendition.Impossible.class,
                        it -> assertThat(it.reply().toString()).startsWith("554 5.6.0"));
    }

    /// Pieces that canonical forms stumble over, in any order, cut anywhere.
    @Test
    void randomMessages_verify() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        String[] pieces = {"a", " ", "\t", "\r\n", "\r\n ", "\r\n\t", "  ", "b\r\n", ":", ";", "."};
        DkimRule[] rules = {
            rule("example.com", "s1", KeyAlgorithm.ED25519, Scope.ALL, form(true, true)),
            rule("esp.test", "s2", KeyAlgorithm.ED25519, all(), form(false, false)),
            rule("esp.example", "s3", KeyAlgorithm.ED25519, all(), form(true, false)),
        };
        for (int i = 0; i < 300; i++) {
            var body = new StringBuilder();
            for (int n = random.nextInt(40); n > 0; n--) {
                body.append(pieces[random.nextInt(pieces.length)]);
            }
            var subject = new StringBuilder("Subject: ");
            for (int n = random.nextInt(10); n > 0; n--) {
                String piece = pieces[random.nextInt(pieces.length)];
                subject.append(piece.startsWith("\r\n") ? "\r\n x" : piece.strip());
            }
            String message = "From: joe@example.com\r\n" + subject + "\r\n\r\n" + body;
            assertThat(verdicts(signed(message, rules)))
                    .as("seed %s, %s", seed, message)
                    .allMatch(verdict -> verdict.startsWith("pass"))
                    .hasSize(3);
        }
    }

    @Test
    void signature_isUsedAgain_untilHalfOfItsTimeIsOver() {
        var form =
                new Form(
                        true,
                        true,
                        Form.FIELDS,
                        Form.OVER_SIGNED,
                        Optional.of(Duration.ofHours(2)),
                        new Identity.Unsaid());
        DkimRule rule = rule("example.com", "s1", KeyAlgorithm.RSA, Scope.ALL, form);
        Signing one = open(rule);
        var message = outbound(MESSAGE.getBytes(StandardCharsets.ISO_8859_1), false);
        var first = (Rendition.Ready) rendered(one, message);

        seconds.addAndGet(60);
        assertThat(front(one, message)).isNotEqualTo(text(first.front()));
        one.keep(first);
        assertThat(front(one, message)).isEqualTo(text(first.front()));
        seconds.addAndGet(3_600);
        assertThat(front(one, message)).isNotEqualTo(text(first.front()));
    }

    @Test
    void signature_isMadeAnew_whenTheKeyIsAnother() throws IOException {
        DkimRule rule = rule("example.com", "s1", KeyAlgorithm.RSA);
        Signing one = open(rule);
        var message = outbound(MESSAGE.getBytes(StandardCharsets.ISO_8859_1), true);
        String first = front(one, message);
        seconds.addAndGet(60);
        assertThat(front(one, message)).isEqualTo(first);

        one.use(one.opened(settings(rule), ring()));
        assertThat(front(one, message)).isEqualTo(first);
        rule("example.com", "s1", KeyAlgorithm.RSA);
        one.use(one.opened(settings(rule), ring()));
        assertThat(front(one, message)).isNotEqualTo(first).contains("t=1600000060;");
    }

    @Test
    void successor_signs() throws IOException {
        DkimRule rule = rule("example.com", "s1", KeyAlgorithm.RSA);
        rule("example.com", "s2", KeyAlgorithm.RSA);
        Signing one = open(rule);
        Signing.Succession next =
                (_, _, _) -> new Signing.Successor("s2", new KeyPlace.File(Path.of("/s2")));

        one.use(one.opened(settings(rule), new Signing.Keys(ring().shelf(), next)));

        var message = outbound(MESSAGE.getBytes(StandardCharsets.ISO_8859_1), true);
        assertThat(verdicts(front(one, message) + MESSAGE)).containsExactly("pass example.com s2");
    }

    @Test
    void renewal_whereAKeyCannotBeUsed_leavesTheOneBefore() {
        Signing one = open(rule("example.com", "s1", KeyAlgorithm.RSA));
        var broken =
                new Signing.Keys(
                        place -> {
                            throw new IOException("gone: " + place);
                        },
                        Signing.Succession.NONE);

        assertThat(one.renew(broken)).singleElement().asString().contains("s1", "gone: /s1");

        var message = outbound(MESSAGE.getBytes(StandardCharsets.ISO_8859_1), true);
        assertThat(verdicts(front(one, message) + MESSAGE)).containsExactly("pass example.com s1");
    }

    @Test
    void bodyOfOneByOneMail_isHashedOnce() {
        Signing one = open(rule("example.com", "s1", KeyAlgorithm.RSA));
        byte[] bytes = (MESSAGE + "x".repeat(4_000)).getBytes(StandardCharsets.ISO_8859_1);
        var read = new AtomicLong();
        var id = new QueueId(77);
        for (int recipient = 0; recipient < 3; recipient++) {
            var message =
                    new Outbound(
                            id,
                            SHOP,
                            bytes.length,
                            () -> {
                                BodySource parts = parts(bytes);
                                return () -> {
                                    read.incrementAndGet();
                                    return parts.nextPart();
                                };
                            },
                            false,
                            true,
                            List.of(field("X-Whimbrel-Ref: " + recipient)),
                            recipient);
            String signed = front(one, message) + text(bytes);
            assertThat(verdicts(signed)).containsExactly("pass example.com s1");
            assertThat(signed).contains("X-Whimbrel-Ref: " + recipient + "\r\n");
        }
        // Once to its end, then for the header alone.
        assertThat(read.get()).isLessThan(bytes.length / 40 + 20);
    }

    private static AddedField field(String text) {
        return new AddedField("", (text + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void keyThatCannotBeHad_makesMailWait() {
        var missing =
                new DkimRule(
                        Optional.of(new DomainName("example.com")),
                        "v1",
                        new KeyPlace.Vault("secret", "x", "key"),
                        Scope.ALL,
                        Form.DEFAULT);

        assertThat(render(MESSAGE, missing))
                .isInstanceOfSatisfying(
                        Rendition.Impossible.class,
                        it ->
                                assertThat(it.reply().toString())
                                        .isEqualTo(
                                                "451 4.7.5 Key v1 of example.com cannot be used to"
                                                        + " sign now; see the log of this server"));
        assertThat(signing.orElseThrow().warnings())
                .containsExactly("key v1 of example.com: nothing at vault:secret/x#key");
    }

    @Test
    void twoKeysForTheSameMail_areRefused() {
        DkimRule a = rule("example.com", "s1", KeyAlgorithm.RSA);
        DkimRule b = rule("example.com", "s2", KeyAlgorithm.RSA);

        assertThat(catchThrowable(() -> signing(a, b)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("s2 of example.com and s1 of example.com");
    }

    @Test
    void largeBody_isHashedInPieces() {
        byte[] body = new byte[3 << 20];
        Arrays.fill(body, (byte) 'x');
        String message = MESSAGE + new String(body, StandardCharsets.ISO_8859_1);

        assertThat(verdicts(signed(message, rule("example.com", "s1", KeyAlgorithm.RSA))))
                .containsExactly("pass example.com s1");
    }

    private static Scope all() {
        return new Scope(List.of(new DomainPattern.Every()), true, List.of(), List.of(), true);
    }

    private static Form form(boolean header, boolean body) {
        return new Form(
                header,
                body,
                Form.FIELDS,
                Form.OVER_SIGNED,
                Optional.empty(),
                new Identity.Unsaid());
    }

    private DkimRule rule(String domain, String selector, KeyAlgorithm algorithm) {
        return rule(domain, selector, algorithm, Scope.ALL, Form.DEFAULT);
    }

    /// A new key is made for it, and published.
    private DkimRule rule(
            String domain, String selector, KeyAlgorithm algorithm, Scope scope, Form form) {
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
                    selector + "._domainkey." + domain,
                    "v=DKIM1; k="
                            + algorithm.keyType()
                            + "; p="
                            + Base64.getEncoder().encodeToString(shown));
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
        return new DkimRule(
                Optional.of(new DomainName(domain)),
                selector,
                new KeyPlace.File(Path.of("/" + selector)),
                scope,
                form);
    }

    private Signing.Keys ring() {
        return new Signing.Keys(
                place ->
                        Optional.ofNullable(keys.get(place.toString()))
                                .orElseThrow(() -> new IOException("nothing at " + place)),
                Signing.Succession.NONE);
    }

    private static SigningSettings settings(DkimRule... rules) {
        return new SigningSettings(
                List.of(rules), Optional.empty(), Path.of("/"), OptionalInt.of(2), 1 << 20);
    }

    private Signing signing(DkimRule... rules) throws IOException {
        return new Signing(
                settings(rules),
                ring(),
                PROVIDERS,
                new Metrics().signing,
                () -> Instant.ofEpochSecond(seconds.get()));
    }

    private Signing open(DkimRule... rules) {
        signing.ifPresent(Signing::close);
        try {
            signing = Optional.of(signing(rules));
            return signing.get();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Rendition render(String message, DkimRule... rules) {
        byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
        return rendered(open(rules), outbound(bytes, false));
    }

    /// In parts, as the spool gives it.
    private Outbound outbound(byte[] bytes, boolean isWantedAgain) {
        var id = new QueueId(ids.incrementAndGet());
        return new Outbound(id, SHOP, bytes.length, () -> parts(bytes), isWantedAgain);
    }

    private static BodySource parts(byte[] bytes) {
        List<byte[]> parts = new ArrayList<>();
        int most = bytes.length > 100_000 ? 200_000 : 40;
        for (int at = 0; at < bytes.length; at += most) {
            parts.add(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + most)));
        }
        return () -> parts.isEmpty() ? new byte[0] : parts.removeFirst();
    }

    private String signed(String message, DkimRule... rules) {
        return text(((Rendition.Ready) render(message, rules)).front()) + message;
    }

    private static String front(Signing signing, Outbound message) {
        return text(((Rendition.Ready) rendered(signing, message)).front());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private List<String> verdicts(String message) {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(message.getBytes(StandardCharsets.ISO_8859_1));
        return Checked.dkim(zone, bytes.toByteArray()).stream()
                .map(it -> it.result().word() + " " + it.domain() + " " + it.selector())
                .toList();
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
