package io.whimbrel.header;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Treatment;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/// Headers that are held, read and changed: no byte changes but those of fields that go or come.
class HeaderEditTest {
    private static final Instant NOW = Instant.parse("2026-11-03T10:15:30Z");
    private static final int BYTES_MAX = 4_096;
    private static final int ROUNDS = 3_000;
    private static final HeaderEdit.Forgery NONE_FORGED = (_, _, _) -> false;

    /// `x-forged` is what claims to be ours.
    private static final HeaderEdit.Forgery FORGED =
            (bytes, from, to) -> text(Arrays.copyOfRange(bytes, from, to)).startsWith("X-Forged");

    private static final HeaderEdit.Order ALL =
            new HeaderEdit.Order(true, true, Optional.of("X-Tenant"), FORGED, Set.of("p", "s1"));
    private static final HeaderEdit.Order CONTROL =
            new HeaderEdit.Order(false, true, Optional.empty(), NONE_FORGED, Set.of("p", "s1"));
    private static final HeaderEdit.Order NOTHING =
            new HeaderEdit.Order(false, false, Optional.empty(), NONE_FORGED, Set.of("p", "s1"));
    private static final HeaderEdit.Origin ORIGIN =
            new HeaderEdit.Origin(
                    new QueueId(7), "mx.example.com", "Tue, 3 Nov 2026 10:15:30 +0000", NOW);

    private static final List<String> PARTS =
            List.of(
                    "Subject: a",
                    "\r\n",
                    "\r\n",
                    "\r\n",
                    "\r\n ",
                    "\r\n\t",
                    "X-Job: j",
                    "x-envid:e",
                    "X-Whimbrel-Pool : p",
                    "X-Whimbrel-Meta: a=b; c",
                    "From: a@b.example",
                    "no field",
                    ": no name",
                    "\n",
                    "\r",
                    "\0",
                    " ",
                    "X-Tenant: t",
                    "X-Forged: f",
                    "\u00e4",
                    "Date:",
                    "Message-ID: <x>",
                    "X-Whimbrel-Not-Before: 90m",
                    "a b: c",
                    "X-Job");

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String lines(String... lines) {
        return String.join("\r\n", lines) + "\r\n";
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /// What goes on of a message, whose header came in pieces.
    private record Passed(String message, HeaderEdit edit) {}

    private static Passed pass(byte[] message, HeaderEdit.Order order, List<Integer> cuts) {
        var header = new HeldHeader(BYTES_MAX);
        var body = new StringBuilder();
        int from = 0;
        for (int cut : cuts) {
            int used = header.isComplete() ? 0 : header.add(message, from, cut - from);
            body.append(text(Arrays.copyOfRange(message, from + used, cut)));
            from = cut;
        }
        HeaderEdit edit = HeaderEdit.of(header, order, ORIGIN);
        return new Passed(text(edit.bytes()) + body, edit);
    }

    private static Passed pass(String message, HeaderEdit.Order order) {
        return pass(bytes(message), order, List.of(message.length()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\r\n",
                "Subject: x",
                "Subject: x\r\n",
                "Subject: x\r\n\r\n",
                "Subject: x\r\n y\r\n\tz\r\n\r\n\r\nbody",
                "Subject : x\r\n\r\nX-Job: body\r\n"
            })
    void nothingToDo_changesNothing(String message) {
        assertThat(pass(message, NOTHING).message()).isEqualTo(message);
    }

    /// Otherwise others would read fields behind that line which we did not.
    @ParameterizedTest
    @CsvSource({
        "'', body only|",
        "Subject: x|, bad line|From: y||body|",
        "'', ' begins with a space|Subject: x||body|'",
        "'', : no name||"
    })
    void headerThatEndsAmiss_getsAnEmptyLine(String header, String rest) {
        String before = header.replace("|", "\r\n");
        String behind = rest.replace("|", "\r\n");
        assertThat(pass(before + behind, NOTHING).message()).isEqualTo(before + "\r\n" + behind);
    }

    @Test
    void controlFields_goWithAllTheirLines_andNothingElse() {
        Passed passed =
                pass(
                        lines(
                                "A: 1",
                                "X-JOB:",
                                " spring",
                                "\tsale",
                                "B: 2",
                                " x",
                                "X-Envid : a+b",
                                "X-Whimbrel-Campaign2: no",
                                "",
                                "X-Job: body"),
                        new HeaderEdit.Order(
                                false, true, Optional.empty(), NONE_FORGED, Set.of("p", "s1")));
        assertThat(passed.message()).isEqualTo("A: 1\r\nB: 2\r\n x\r\n\r\nX-Job: body\r\n");
        assertThat(passed.edit().controls().campaign()).contains("spring sale");
        assertThat(passed.edit().controls().envelopeId()).contains("a+2Bb");
        assertThat(passed.edit().refusal().orElseThrow().toString())
                .contains("X-Whimbrel-Campaign2 is not known");
    }

    @Test
    void controlFields_behindTheHeader_areText() {
        String message = "Subject: x\r\nno field\r\nX-Job: j\r\n\r\n";
        Passed passed = pass(message, CONTROL);
        assertThat(passed.message()).isEqualTo("Subject: x\r\n\r\nno field\r\nX-Job: j\r\n\r\n");
        assertThat(passed.edit().controls().campaign()).isEmpty();
    }

    @Test
    void firstOfAName_counts_andOursGoesBeforePowerMtas() {
        Passed passed =
                pass(
                        lines(
                                "X-Job: a",
                                "X-Job: b",
                                "X-Virtual-MTA: v",
                                "X-Whimbrel-Pool: p",
                                "X-Whimbrel-Priority: BULK",
                                "X-Whimbrel-Meta: k=1; l=",
                                "X-Whimbrel-Meta: k=2;;m=x=y",
                                ""),
                        CONTROL);
        MessageControls controls = passed.edit().controls();
        assertThat(passed.message()).isEqualTo("\r\n");
        assertThat(controls.campaign()).contains("a");
        assertThat(controls.pool()).contains("p");
        assertThat(controls.priority()).contains(PriorityClass.BULK);
        assertThat(controls.metadata()).isEqualTo(Map.of("k", "2", "l", "", "m", "x=y"));
        assertThat(passed.edit().refusal()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-Whimbrel-Meta: x",
                "X-Whimbrel-Meta: =x",
                "X-Whimbrel-Meta: a b=x",
                "X-Whimbrel-Pool: a b",
                "X-Whimbrel-Tenant: a/b",
                "X-Whimbrel-Priority: high",
                "X-Whimbrel-Expire: soon",
                "X-Whimbrel-Not-Before: 2026-11-03",
                "X-Whimbrel-Not-Before: 99999d",
                "X-Whimbrel-: x",
                "X-Whimbrel-Typo: x"
            })
    void controlField_thatSaysNothingPossible_refuses(String field) {
        assertThat(pass(field + "\r\n\r\n", CONTROL).edit().refusal().orElseThrow().code())
                .isEqualTo(554);
    }

    @Test
    void lengths_areBounded_andWhatIsTakenFitsAnEnvelope() {
        assertThat(refusal("X-Job: " + "j".repeat(128))).isEmpty();
        assertThat(refusal("X-Job: " + "j".repeat(129))).contains("campaign is longer");
        assertThat(refusal("X-Envid: " + "e".repeat(100))).isEmpty();
        assertThat(refusal("X-Envid: " + "e".repeat(101))).contains("x-envid is longer");
        assertThat(refusal("X-Whimbrel-Pool: " + "p".repeat(65))).contains("needs a name");
        assertThat(refusal("X-Whimbrel-Meta: k=" + "v".repeat(1_023))).isEmpty();
        assertThat(refusal("X-Whimbrel-Meta: k=" + "v".repeat(1_024))).contains("1024 octets");
        // Octets, not characters.
        assertThat(refusal("X-Whimbrel-Meta: k=" + "\u00c3\u00a4".repeat(512))).contains("octets");
        var many = new StringBuilder("X-Whimbrel-Meta: ");
        for (int i = 0; i < 17; i++) {
            many.append('k').append(i).append("=1;");
        }
        assertThat(refusal(many.toString())).contains("16 entries");
    }

    /// It would wait for ever.
    @Test
    void poolThatThereIsNot_refuses() {
        assertThat(refusal("X-Whimbrel-Pool: p")).isEmpty();
        assertThat(refusal("X-Virtual-MTA: s1")).isEmpty();
        String there = ": there is no such pool or source";
        assertThat(refusal("X-Whimbrel-Pool: P"))
                .isEqualTo("554 5.6.0 Header field x-whimbrel-pool names \"P\"" + there);
        assertThat(refusal("X-Virtual-MTA: s2"))
                .isEqualTo("554 5.6.0 Header field x-virtual-mta names \"s2\"" + there);
    }

    private static String refusal(String field) {
        HeaderEdit edit = pass(field + "\r\n\r\n", CONTROL).edit();
        if (edit.refusal().isEmpty()) {
            assertThat(Treatment.fits(edit.controls().metadata())).isTrue();
        }
        return edit.refusal().map(Object::toString).orElse("");
    }

    @Test
    void missingFields_areAddedAtTheEndOfTheHeader() {
        String added =
                "Date: Tue, 3 Nov 2026 10:15:30 +0000\r\nMessage-ID: <"
                        + new QueueId(7)
                        + "@mx.example.com>\r\n";
        var submission =
                new HeaderEdit.Order(true, false, Optional.empty(), NONE_FORGED, Set.of("p", "s1"));
        assertThat(pass("A: 1\r\n\r\nbody", submission).message())
                .isEqualTo("A: 1\r\n" + added + "\r\nbody");
        assertThat(pass("", submission).message()).isEqualTo(added);
        assertThat(pass("A: 1", submission).message()).isEqualTo("A: 1\r\n" + added);
        assertThat(pass("DATE : x\r\nmessage-id:\r\n\r\n", submission).message())
                .isEqualTo("DATE : x\r\nmessage-id:\r\n\r\n");
        // RFC 5322 §2.2: a body without a header.
        assertThat(pass("body\r\n", submission).message()).isEqualTo(added + "\r\nbody\r\n");
    }

    @Test
    void fromFields_areAllFound_unfolded() {
        assertThat(
                        pass(
                                        lines(
                                                "from : a@b.example",
                                                "From:",
                                                " c@d.example",
                                                "X-From: e",
                                                ""),
                                        NOTHING)
                                .edit()
                                .from())
                .containsExactly("a@b.example", "c@d.example");
    }

    @Test
    void headerBeyondTheLimit_isTooLarge_howeverItComes() {
        byte[] header = bytes("A: " + "x".repeat(BYTES_MAX) + "\r\n\r\nbody");
        for (int step : List.of(1, 7, 1_000, header.length)) {
            var held = new HeldHeader(BYTES_MAX);
            for (int at = 0; at < header.length; at += step) {
                held.add(header, at, Math.min(step, header.length - at));
            }
            assertThat(held.isTooLarge()).as("in steps of %d", step).isTrue();
        }
        var fits = new HeldHeader(BYTES_MAX);
        byte[] exact = bytes("A: " + "x".repeat(BYTES_MAX - 7) + "\r\n\r\n");
        assertThat(fits.add(exact, 0, exact.length)).isEqualTo(BYTES_MAX);
        assertThat(fits.isTooLarge()).isFalse();
        assertThat(fits.isComplete()).isTrue();
    }

    @Test
    void randomHeaders_inRandomPieces_giveTheSame() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var message = new StringBuilder();
            for (int i = random.nextInt(30); i > 0; i--) {
                message.append(PARTS.get(random.nextInt(PARTS.size())));
            }
            check(bytes(message.toString()), random, "seed " + seed + " round " + round);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyHeader_hasAnAnswer(byte[] message) {
        check(message, new Random(message.length), "fuzz");
    }

    /// But for an empty line where a header ends amiss.
    private static void assertUntouched(String message, String passed, String where) {
        if (passed.length() == message.length()) {
            assertThat(passed).as(where).isEqualTo(message);
            return;
        }
        int same = 0;
        while (same < message.length() && passed.charAt(same) == message.charAt(same)) {
            same++;
        }
        // The line end may be like what is before it.
        int from = Math.max(0, same - 2);
        boolean isOneLineEndMore = false;
        for (int at = from; at <= same; at++) {
            String expected = message.substring(0, at) + "\r\n" + message.substring(at);
            isOneLineEndMore |= passed.equals(expected);
        }
        assertThat(isOneLineEndMore).as("%s: %s", where, passed).isTrue();
    }

    private static void check(byte[] message, Random random, String where) {
        var cuts = new ArrayList<Integer>();
        for (int i = random.nextInt(5); i > 0; i--) {
            cuts.add(random.nextInt(message.length + 1));
        }
        cuts.add(message.length);
        cuts.sort(null);
        List<Integer> whole = List.of(message.length);
        if (message.length <= BYTES_MAX) {
            assertUntouched(text(message), pass(message, NOTHING, cuts).message(), where);
        }
        for (HeaderEdit.Order order : List.of(ALL, CONTROL, NOTHING)) {
            Passed once = pass(message, order, whole);
            Passed inPieces = pass(message, order, cuts);
            assertThat(inPieces.message()).as(where).isEqualTo(once.message());
            assertThat(inPieces.edit().controls()).as(where).isEqualTo(once.edit().controls());
            assertThat(inPieces.edit().from()).as(where).isEqualTo(once.edit().from());
            boolean isGood = once.edit().refusal().isEmpty();
            assertThat(!isGood || Treatment.fits(once.edit().controls().metadata()))
                    .as(where)
                    .isTrue();
        }
        // What has been edited has nothing left to edit; a last line that is cut may be anything.
        if (message.length > 0 && message[message.length - 1] == '\n') {
            String edited = pass(message, ALL, whole).message();
            assertThat(pass(edited, ALL).message()).as(where).isEqualTo(edited);
        }
    }
}
