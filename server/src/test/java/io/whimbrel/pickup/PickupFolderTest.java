package io.whimbrel.pickup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.pickup.PickupSettings.Access;
import io.whimbrel.reception.LocalIntake;
import io.whimbrel.reception.LocalMail;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.SteadyClock;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The life of a file, from `new/` to nothing or to `bad/`.
@Timeout(60)
final class PickupFolderTest {
    private static final SmtpReply FULL = SmtpReply.of(452, 4, 3, 1, "Full");
    private static final String GOOD =
            "x-sender: s@shop.example\nx-receiver: a@x.example\nSubject: x\n\nbody\n";

    @TempDir private Path folder;

    private volatile Instant now = Instant.parse("2026-11-27T10:00:00Z");
    private volatile boolean clockBreaks;
    private final Metrics metrics = new Metrics();
    private final List<LocalMail> taken = Collections.synchronizedList(new ArrayList<>());
    private final List<String> texts = Collections.synchronizedList(new ArrayList<>());
    private volatile SmtpReply answer = SmtpReply.OK;

    @Test
    void completeFile_isTakenAndDeleted() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        drop("one", GOOD);
        drop(".hidden", GOOD);
        drop("writing.tmp", GOOD);

        pickup.pass();

        assertThat(taken).hasSize(1);
        LocalMail mail = taken.getFirst();
        assertThat(mail.reversePath().address()).isEqualTo("s@shop.example");
        assertThat(mail.recipients().getFirst().path().address()).isEqualTo("a@x.example");
        assertThat(mail.user()).isEqualTo("uid " + Files.getAttribute(folder, "unix:uid"));
        assertThat(mail.file()).isEqualTo("one");
        assertThat(texts.getFirst())
                .contains("Subject: x\r\n\r\nbody\r\n")
                .doesNotContain("x-sender");
        assertThat(names("new")).containsExactly(".hidden", "writing.tmp");
        assertThat(names("work")).isEmpty();
        assertThat(metrics.pickup.taken.get()).isEqualTo(1);
    }

    @Test
    void sendmailsFile_arrivesAsItWasLeft() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        var names = SendmailSettings.of("host.example");
        var fixes = new HeaderFixes(names, new HeaderFixes.Author("ann", "Ann"), now, "token");
        byte[] text = "To: j\u00f6rg@x.example\n\nh\u00e4\n".getBytes(StandardCharsets.UTF_8);
        var in = new CrlfInput(new ByteArrayInputStream(text), false, 1_000);
        FixedMail mail = fixes.of(RawMail.read(in), EnvelopeFields.NONE, true);
        String name = new DropBox(folder.resolve("pickup")).leave(mail, now);
        assertThat(names("new")).containsExactly(name);
        assertThat(names("tmp")).isEmpty();

        pickup.pass();

        assertThat(texts)
                .containsExactly(
                        """
                        From: Ann <ann@host.example>
                        Date: Fri, 27 Nov 2026 10:00:00 +0000
                        Message-ID: <token@host.example>
                        To: j\u00f6rg@x.example

                        h\u00e4
                        """
                                .replace("\n", "\r\n"));
        assertThat(taken.getFirst().parameters().smtpUtf8()).isTrue();
        assertThat(taken.getFirst().reversePath().address()).isEqualTo("ann@host.example");
    }

    @Test
    void refusedForNow_staysAndIsTriedLater() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        drop("one", GOOD);
        answer = FULL;
        pickup.pass();
        assertThat(names("work")).containsExactly("one");
        answer = SmtpReply.OK;
        pickup.pass();
        assertThat(taken).as("the folder rests").isEmpty();

        now = now.plusSeconds(1);
        pickup.pass();

        assertThat(taken).hasSize(1);
        assertThat(names("work")).isEmpty();
    }

    @Test
    void rests_growToAMinute() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        drop("one", GOOD);
        answer = FULL;
        double before = 0;
        for (int seconds : new int[] {1, 2, 4, 8, 16, 32, 60, 60}) {
            pickup.pass();
            assertThat(metrics.pickup.deferred.get()).isEqualTo(++before);
            now = now.plusSeconds(seconds).minusMillis(1);
            pickup.pass();
            assertThat(metrics.pickup.deferred.get()).as("within %s s", seconds).isEqualTo(before);
            now = now.plusMillis(1);
        }
    }

    @Test
    void refusedForGood_liesInBadBesideTheReason() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        drop("one", GOOD);
        answer = SmtpReply.of(552, 5, 3, 4, "Too large");
        pickup.pass();
        drop("one", "no recipients\n");
        answer = SmtpReply.OK;
        pickup.pass();

        assertThat(names("bad")).containsExactly("one", "one.1", "one.1.why", "one.why");
        assertThat(Files.readString(at("bad").resolve("one"))).isEqualTo(GOOD);
        assertThat(Files.readString(at("bad").resolve("one.why"))).contains("552 5.3.4 Too large");
        assertThat(Files.readString(at("bad").resolve("one.1.why"))).contains("neither x-sender");
        assertThat(names("work")).isEmpty();
        assertThat(metrics.pickup.bad.get()).isEqualTo(2);
    }

    @Test
    void aBug_endsInBad_andTheOthersGoOn() throws IOException {
        PickupFolder pickup =
                pickup(
                        Access.OWNER,
                        (_, mail, _) -> {
                            if (mail.file().equals("one")) {
                                throw new IllegalStateException("wrong");
                            }
                            taken.add(mail);
                            return SmtpReply.OK;
                        });
        drop("one", GOOD);
        drop("two", GOOD);
        pickup.pass();
        assertThat(names("bad")).containsExactly("one", "one.why");
        assertThat(taken).hasSize(1);
        assertThat(metrics.bugs.get()).isEqualTo(1);
    }

    @Test
    void linksAndFolders_areNotRead() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        Path secret = Files.writeString(folder.resolve("secret"), GOOD);
        Files.createSymbolicLink(at("new").resolve("symbolic"), secret);
        Files.createLink(at("new").resolve("hard"), secret);
        Files.createDirectory(at("new").resolve("inner"));

        pickup.pass();

        assertThat(taken).isEmpty();
        assertThat(names("bad")).containsExactly("hard", "hard.why");
        assertThat(names("new")).containsExactly("inner", "symbolic");
    }

    @Test
    void aThousandFolders_doNotKeepMailWaiting() throws IOException {
        PickupFolder pickup = pickup(Access.EVERYONE);
        for (int i = 0; i < 1_000; i++) {
            Files.createDirectory(at("new").resolve("d" + i));
            Files.createDirectory(at("work").resolve("d" + i));
        }
        drop("one", GOOD);

        pickup.pass();

        assertThat(taken).hasSize(1);
    }

    /// In a JVM of its own, for the locale is read once.
    @Test
    void namesThatTheLocaleDoesNotHave_areTakenAndRefusedLikeOthers() throws Exception {
        assumeTrue(
                "UTF-8".equals(System.getProperty("sun.jnu.encoding")),
                "this JVM can make such names");
        PickupFolder pickup = pickup(Access.OWNER);
        String accented = "gr\u00f6\u00dfe";
        for (String name : List.of(accented, accented + "2")) {
            drop(name, "no recipients\n");
            Files.writeString(at("bad").resolve(name), "of before");
        }
        drop("plain", GOOD);
        drop("w\u00e4re", GOOD);
        Files.createDirectory(at("work").resolve("w\u00e4re"));
        var java = Path.of(System.getProperty("java.home"), "bin", "java");
        var builder =
                new ProcessBuilder(
                        java.toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        InTheCLocale.class.getName(),
                        folder.toString());
        builder.environment().put("LC_ALL", "C");
        builder.redirectErrorStream(true);

        Process child = builder.start();

        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor()).as(said).isZero();
        assertThat(said).endsWith("taken 2, bugs 0\n");
        assertThat(names("bad"))
                .containsExactlyInAnyOrder(
                        accented,
                        "gr%C3%B6%C3%9Fe.1",
                        "gr%C3%B6%C3%9Fe.1.why",
                        accented + "2",
                        "gr%C3%B6%C3%9Fe2.1",
                        "gr%C3%B6%C3%9Fe2.1.why");
        assertThat(names("new")).isEmpty();
        pickup.pass();
        assertThat(taken).isEmpty();
    }

    /// One pass over the folder below its argument.
    static final class InTheCLocale {
        private InTheCLocale() {}

        public static void main(String[] words) throws IOException {
            var test = new PickupFolderTest();
            test.folder = Path.of(words[0]);
            test.pickup(Access.OWNER).pass();
            IO.println("taken " + test.taken.size() + ", bugs " + (long) test.metrics.bugs.get());
        }
    }

    @Test
    void anUnexpectedException_doesNotEndThePasses() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        drop("one", GOOD);
        clockBreaks = true;
        pickup.pass();
        assertThat(taken).isEmpty();
        now = now.plusSeconds(1);

        pickup.pass();

        assertThat(metrics.bugs.get()).isEqualTo(1);
        assertThat(taken).hasSize(1);
    }

    /// Killed after 250 and before the deletion: the only moment that doubles a message.
    @Test
    void killedBehindAcceptance_theSecondCopyHasTheSameNames() throws IOException {
        PickupFolder killed =
                pickup(
                        Access.OWNER,
                        (terms, mail, source) -> {
                            door(mail, source);
                            throw new IOException("killed");
                        });
        drop("one", GOOD);
        killed.pass();
        assertThat(names("work")).containsExactly("one");

        pickup(Access.OWNER).pass();

        assertThat(texts).hasSize(2);
        assertThat(texts.get(1)).isEqualTo(texts.get(0)).contains("Message-ID: <");
        assertThat(taken.get(1)).isEqualTo(taken.get(0));
        assertThat(names("work")).isEmpty();
    }

    @Test
    void killedBeforeTheRename_orWithinAWriting_losesAndTakesNothing() throws IOException {
        Path box = folder.resolve("pickup");
        PickupFolder pickup = pickup(Access.OWNER);
        try (DropBox.Drop drop = new DropBox(box).begin(now, new SecureRandom())) {
            drop.out().write(GOOD.getBytes(StandardCharsets.US_ASCII));
            pickup.pass();
            assertThat(taken).isEmpty();
            drop.commit();
        }
        try (DropBox.Drop _ = new DropBox(box).begin(now, new SecureRandom())) {
            assertThat(names("tmp")).hasSize(1);
        }
        assertThat(names("tmp")).isEmpty();

        pickup(Access.OWNER).pass();

        assertThat(taken).hasSize(1);
    }

    @Test
    void workNeverHoldsMoreThanAThousand() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        for (int i = 0; i < 1_010; i++) {
            drop("f" + i, GOOD);
        }
        answer = FULL;
        pickup.pass();
        now = now.plusSeconds(1);
        pickup.pass();
        assertThat(names("work")).hasSize(1_000);
        answer = SmtpReply.OK;
        for (int i = 0; i < 2; i++) {
            now = now.plusSeconds(60);
            pickup.pass();
        }
        assertThat(taken).hasSize(1_010);
    }

    @Test
    void unfinishedFiles_areRemovedAfterTwoDays() throws IOException {
        PickupFolder pickup = pickup(Access.OWNER);
        Path old = Files.writeString(at("tmp").resolve("old"), "x");
        now = Files.getLastModifiedTime(old).toInstant().plus(Duration.ofDays(1));
        pickup.pass();
        assertThat(names("tmp")).containsExactly("old");
        now = now.plus(Duration.ofDays(1)).plusSeconds(1);
        pickup.pass();
        assertThat(names("tmp")).isEmpty();
    }

    @Test
    void modes_letEveryoneDropAndNobodyLook_orNobodyAtAll() throws IOException {
        pickup(Access.EVERYONE);
        assertThat(mode("new")).isEqualTo(01733);
        assertThat(mode("tmp")).isEqualTo(01733);
        assertThat(mode("work")).isEqualTo(0700);
        assertThat(mode("bad")).isEqualTo(0700);
        assertThat(mode(".")).isEqualTo(0711);
        pickup(Access.OWNER);
        assertThat(mode("new")).isEqualTo(0700);
        assertThat(mode(".")).isEqualTo(0700);
    }

    @Test
    void started_itTakesByItself_andCloses() throws Exception {
        var pickup =
                new PickupFolder(
                        settings(Access.OWNER),
                        SendmailSettings.of("host.example"),
                        "host.example",
                        (_, mail, source) -> door(mail, source),
                        metrics,
                        new SteadyClock());
        pickup.start();
        drop("one", GOOD);
        while (metrics.pickup.taken.get() == 0) {
            Thread.onSpinWait();
        }
        pickup.close();
        assertThat(names("new")).isEmpty();
    }

    private SmtpReply door(LocalMail mail, LocalIntake.Source source) throws IOException {
        var bytes = new ByteArrayOutputStream();
        source.writeTo(bytes::write);
        if (answer.isPositive()) {
            taken.add(mail);
            texts.add(bytes.toString(StandardCharsets.UTF_8));
        }
        return answer;
    }

    private PickupFolder pickup(Access openTo) throws IOException {
        return pickup(openTo, (_, mail, source) -> door(mail, source));
    }

    private PickupFolder pickup(Access openTo, PickupFolder.Door door) throws IOException {
        var names = SendmailSettings.of("host.example");
        var pickup =
                new PickupFolder(
                        settings(openTo), names, "host.example", door, metrics, this::instant);
        pickup.prepare();
        return pickup;
    }

    private Instant instant() {
        if (clockBreaks) {
            clockBreaks = false;
            throw new IllegalStateException("no time");
        }
        return now;
    }

    private PickupSettings settings(Access openTo) {
        return new PickupSettings(
                folder.resolve("pickup"),
                openTo,
                1 << 20,
                MailStream.NONE,
                Optional.empty(),
                DsnPolicy.FULL);
    }

    private void drop(String name, String text) throws IOException {
        Files.writeString(at("new").resolve(name), text);
    }

    private Path at(String inner) {
        return folder.resolve("pickup").resolve(inner);
    }

    private int mode(String inner) throws IOException {
        return (int) Files.getAttribute(at(inner), "unix:mode") & 07777;
    }

    private List<String> names(String inner) throws IOException {
        try (Stream<Path> files = Files.list(at(inner))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
