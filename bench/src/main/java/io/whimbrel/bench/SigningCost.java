package io.whimbrel.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.whimbrel.dkim.BodyHash;
import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.signing.DkimRule;
import io.whimbrel.signing.DkimRule.Form;
import io.whimbrel.signing.DkimRule.Scope;
import io.whimbrel.signing.Outbound;
import io.whimbrel.signing.Rendition;
import io.whimbrel.signing.Signing;
import io.whimbrel.signing.SigningProviders;
import io.whimbrel.signing.SigningProviders.Trial;
import io.whimbrel.signing.SigningSettings;
import io.whimbrel.time.SteadyClock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// What does a signature add to the bare computation? For a message of 5 KB with 15 fields, in
/// processor time.
///
/// Bare is what the chosen provider takes for the signature of as many bytes as the header has, and
/// SHA-256 for the hash of the body, on one thread. The whole is [Signing#render], asked for by
/// virtual threads as deliveries do: processor time of all threads of Java in the process. Bare and
/// whole are measured in turns, and medians reported. Usage: `SigningCost MESSAGES ROUNDS`, where
/// `MESSAGES` are those of a round.
public final class SigningCost {
    private static final int WARM_UP_ROUNDS = 3;
    private static final int RSA_BITS = 2_048;
    private static final int CALLERS = 20;
    private static final int SIZE = 5_120;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final SteadyClock clock = new SteadyClock();
    // By processor time, so that a machine that is busy chooses as one that is not.
    private final SigningProviders providers =
            new SigningProviders(THREADS::getCurrentThreadCpuTime);
    private final byte[] header = header().getBytes(ISO_8859_1);
    private final byte[] body = body(SIZE - header.length);
    private final byte[] message = new byte[SIZE];
    private final int messages;
    private final int rounds;
    private long ids;

    private SigningCost(int messages, int rounds) {
        this.messages = messages;
        this.rounds = rounds;
        System.arraycopy(header, 0, message, 0, header.length);
        System.arraycopy(body, 0, message, header.length, body.length);
    }

    public static void main(String[] arguments) throws Exception {
        int messages = Integer.parseInt(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        new SigningCost(messages, rounds).run();
    }

    private void run() throws IOException, GeneralSecurityException, InterruptedException {
        providers();
        IO.println(
                "\n| signed with | bare: core-ms | whole: core-ms | with collector and compiler |"
                        + " ratio |\n|---|---|---|---|---|");
        row("RSA-2048", KeyAlgorithm.RSA);
        row("Ed25519", KeyAlgorithm.ED25519);
        row("both", KeyAlgorithm.RSA, KeyAlgorithm.ED25519);
    }

    private void providers() {
        IO.println("| algorithm | provider | signatures per core-second | |\n|---|---|---|---|");
        for (KeyAlgorithm algorithm : KeyAlgorithm.values()) {
            for (Trial trial : providers.trials(algorithm)) {
                boolean isChosen = trial.name().equals(providers.chosen(algorithm));
                IO.println(
                        "| %s | %s | %,.0f | %s |"
                                .formatted(
                                        algorithm == KeyAlgorithm.RSA ? "RSA-2048" : "Ed25519",
                                        trial.name(),
                                        trial.perSecond(),
                                        isChosen ? "chosen" : trial.problem()));
            }
        }
    }

    /// Processor time of one message, in milliseconds.
    private record Cost(double threads, double process) {}

    private void row(String name, KeyAlgorithm... algorithms)
            throws IOException, GeneralSecurityException, InterruptedException {
        List<SigningKey> keys = new ArrayList<>();
        for (KeyAlgorithm algorithm : algorithms) {
            keys.add(key(algorithm));
        }
        var bare = new Bare(keys);
        List<Double> bares = new ArrayList<>();
        List<Cost> wholes = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        try (Signing signing = signing(keys)) {
            for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
                double one = bare.millis();
                Cost whole = whole(signing);
                if (round >= 0) {
                    bares.add(one);
                    wholes.add(whole);
                    ratios.add(whole.threads() / one);
                }
            }
        }
        IO.println(
                "| %s | %.4f | %.4f | %.4f | **%.3f** |"
                        .formatted(
                                name,
                                median(bares),
                                median(wholes.stream().map(Cost::threads).toList()),
                                median(wholes.stream().map(Cost::process).toList()),
                                median(ratios)));
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static SigningKey key(KeyAlgorithm algorithm) throws GeneralSecurityException {
        boolean isRsa = algorithm == KeyAlgorithm.RSA;
        KeyPairGenerator generator = KeyPairGenerator.getInstance(family(algorithm));
        if (isRsa) {
            generator.initialize(RSA_BITS);
        }
        KeyPair pair = generator.generateKeyPair();
        int bits = isRsa ? RSA_BITS : 256;
        return new SigningKey(
                algorithm, bits, pair.getPrivate(), pair.getPublic(), Optional.empty());
    }

    private static String family(KeyAlgorithm algorithm) {
        return algorithm == KeyAlgorithm.RSA ? "RSA" : algorithm.jcaName();
    }

    /// The computation alone.
    private final class Bare {
        private final List<Signature> signatures = new ArrayList<>();
        private final MessageDigest sha256 = BodyHash.sha256();

        Bare(List<SigningKey> keys) throws GeneralSecurityException {
            for (SigningKey key : keys) {
                Provider provider =
                        providers.trials(key.algorithm()).getFirst().provider().orElseThrow();
                Signature signature = Signature.getInstance(key.algorithm().jcaName(), provider);
                signature.initSign(own(key, provider));
                signatures.add(signature);
            }
        }

        /// As the provider's own, where it has such: some would decode another's each time.
        private PrivateKey own(SigningKey key, Provider provider) throws GeneralSecurityException {
            String family = family(key.algorithm());
            return provider.getService("KeyFactory", family) == null
                    ? key.privateKey()
                    : KeyFactory.getInstance(family, provider)
                            .generatePrivate(
                                    new PKCS8EncodedKeySpec(key.privateKey().getEncoded()));
        }

        double millis() throws GeneralSecurityException {
            long begun = THREADS.getCurrentThreadCpuTime();
            int octets = 0;
            for (int i = 0; i < messages; i++) {
                octets += sha256.digest(body).length;
                for (Signature signature : signatures) {
                    signature.update(header);
                    octets += signature.sign().length;
                }
            }
            long taken = THREADS.getCurrentThreadCpuTime() - begun;
            if (octets == 0) {
                throw new IllegalStateException("nothing was computed");
            }
            return taken / 1e6 / messages;
        }
    }

    private Signing signing(List<SigningKey> keys) throws IOException {
        List<DkimRule> rules = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            rules.add(
                    new DkimRule(
                            Optional.of(new DomainName("example.com")),
                            "s" + i,
                            new KeyPlace.File(Path.of("/" + i)),
                            Scope.ALL,
                            Form.DEFAULT));
        }
        Signing.Shelf shelf = place -> keys.get(Integer.parseInt(place.toString().substring(1)));
        return new Signing(
                new SigningSettings(
                        rules, Optional.empty(), Path.of("/"), OptionalInt.empty(), 1 << 20),
                new Signing.Keys(shelf, Signing.Succession.NONE),
                providers,
                new Metrics().signing,
                clock);
    }

    private Cost whole(Signing signing) throws InterruptedException {
        long process = processNanos();
        long threads = threadNanos();
        List<Thread> callers = new ArrayList<>();
        int each = messages / CALLERS;
        for (int i = 0; i < CALLERS; i++) {
            long first = ids;
            ids += each;
            callers.add(Thread.ofVirtual().start(() -> render(signing, first, each)));
        }
        for (Thread caller : callers) {
            caller.join();
        }
        double count = 1e6 * each * CALLERS;
        return new Cost((threadNanos() - threads) / count, (processNanos() - process) / count);
    }

    private void render(Signing signing, long first, int count) {
        for (long id = first; id < first + count; id++) {
            var outbound =
                    new Outbound(
                            new QueueId(id), MailStream.NONE, SIZE, () -> parts(message), false);
            Rendition made;
            try {
                made = signing.render(outbound, "site");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            if (!(made instanceof Rendition.Ready ready) || ready.front().length < 100) {
                throw new IllegalStateException("not signed: " + made);
            }
        }
    }

    private static BodySource parts(byte[] message) {
        List<byte[]> parts = new ArrayList<>(List.of(message, new byte[0]));
        return parts::removeFirst;
    }

    /// Of all threads of Java, carriers of virtual ones included; none ends while it is measured.
    private static long threadNanos() {
        return Arrays.stream(THREADS.getAllThreadIds())
                .map(THREADS::getThreadCpuTime)
                .filter(nanos -> nanos > 0)
                .sum();
    }

    private static long processNanos() {
        var system =
                (com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime();
    }

    /// Of 15 fields, as a newsletter has them.
    private static String header() {
        return """
        Received: from app.example.com (app.example.com [192.0.2.10])
         by mx1.example.com (Whimbrel) with ESMTPS id 1A2B3C4D5E6F7
         for <reader@example.org>; Sat, 28 Nov 2026 12:00:00 +0000
        Date: Sat, 28 Nov 2026 12:00:00 +0000
        From: "Example Shop" <news@example.com>
        Reply-To: "Customer service" <service@example.com>
        To: "A. Reader" <reader@example.org>
        Subject: =?utf-8?q?What_is_new_in_November=2C_and_what_=C3=B6ffnet_die_T=C3=BCr?=
        Message-ID: <20261128120000.1A2B3C4D5E6F7@app.example.com>
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="=_b1_4f2a9c0d7e6b5a4938271605f4e3d2c1"
        Content-Transfer-Encoding: 8bit
        List-Id: "News of Example Shop" <news.example.com>
        List-Unsubscribe: <https://example.com/u/9f8e7d6c5b4a39281706f5e4d3c2b1a0>,
         <mailto:unsubscribe@example.com?subject=9f8e7d6c5b4a3928>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click
        Feedback-ID: november:shop:newsletter:example
        X-Mailer: Example Shop 4.2

        """
                .replace("\n", "\r\n");
    }

    private static byte[] body(int size) {
        var text = new StringBuilder();
        while (text.length() < size) {
            text.append(
                    "What is written here is of no importance, but it has lines and spaces.\r\n");
        }
        return text.replace(size - 2, text.length(), "\r\n").toString().getBytes(ISO_8859_1);
    }
}
