package io.whimbrel.header;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.header.HeaderEdit.Order;
import io.whimbrel.header.HeaderEdit.Origin;
import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;

class HeaderEditTest {
    private static final int BYTES_MAX = 4_096;
    private static final Instant NOW = Instant.parse("2026-11-27T12:00:00Z");
    private static final Origin ORIGIN =
            new Origin(new QueueId(7), "mx.example", "Fri, 27 Nov 2026 12:00:00 +0000", NOW);
    private static final String TENANT_FIELD = "X-Customer";
    private static final Order CONTROLLED =
            new Order(false, true, Optional.of(TENANT_FIELD), (_, _, _) -> false);
    private static final Order SUBMITTED =
            new Order(true, false, Optional.empty(), HeaderEditTest::isForged);

    private static final String[] PIECES = {
        "X-Job: a",
        "x-whimbrel-meta: a=b",
        "X-Whimbrel-",
        "X-Customer : c",
        "X-Virtual-MTA",
        "x-envid:\t1",
        "From: a@b.example",
        "Date: x",
        "Message-ID",
        "Mine: x",
        "Subject: s",
        "Received: r",
        ":",
        " ",
        "\t",
        "\r\n",
        "\r\n",
        "\r\n",
        "\n",
        "\r",
        "\r\n ",
        "\r\n\t",
        "\0",
        "\u00e9",
        ".",
        "a"
    };

    @Test
    void controlFields_areTakenOut_andTheRestStays() {
        String head = "Received: by a\r\n\tb\r\nX-Job : spring\r\n sale\r\nFrom: a@b.example\r\n";
        HeaderEdit edit = edit(head + "X-WHIMBREL-POOL: fast\r\nTo: c\r\n\r\n", CONTROLLED);
        assertThat(text(edit))
                .isEqualTo("Received: by a\r\n\tb\r\nFrom: a@b.example\r\nTo: c\r\n\r\n");
        assertThat(edit.controls().campaign()).contains("spring sale");
        assertThat(edit.controls().pool()).contains("fast");
        assertThat(edit.from()).containsExactly("a@b.example");
        assertThat(edit.refusal()).isEmpty();
    }

    @Test
    void controlFields_whereTheyDirectNothing_stay() {
        var order = new Order(false, false, Optional.empty(), (_, _, _) -> false);
        String header = "X-Job: spring\r\nX-Whimbrel-Pool: fast\r\n\r\n";
        assertThat(text(edit(header, order))).isEqualTo(header);
    }

    @Test
    void headerOfASubmission_withoutEndAndLineEnd_isCompleted() {
        assertThat(text(edit("Subject: s", SUBMITTED)))
                .startsWith("Subject: s\r\nDate: Fri, 27 Nov 2026 12:00:00 +0000\r\nMessage-ID: <")
                .endsWith("@mx.example>\r\n");
        assertThat(text(edit("Hello", SUBMITTED)))
                .startsWith("Date: ")
                .endsWith(".example>\r\nHello");
        // The field that lacks its line end is taken out.
        assertThat(text(edit("Date: x\r\nMine: y", SUBMITTED)))
                .startsWith("Date: x\r\nMessage-ID: <");
    }

    @FuzzTest(maxDuration = "30s")
    void anyHeader_losesWhatItShould_andNothingElse(byte[] bytes) {
        check(new String(bytes, StandardCharsets.ISO_8859_1), "fuzz");
    }

    @Test
    void randomHeaders_loseWhatTheyShould_andNothingElse() {
        long seed = 20261127;
        var random = new Random(seed);
        for (int round = 0; round < 30_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(16); i > 0; i--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            check(text.toString(), "seed " + seed + ", round " + round);
        }
    }

    private static void check(String message, String where) {
        String input = message.substring(0, Math.min(BYTES_MAX, message.length()));
        List<String> fields = fields(input);
        String rest = input.substring(String.join("", fields).length());
        // What is held ends with the line that is no field.
        int end = rest.indexOf('\n');
        String last = end < 0 ? rest : rest.substring(0, end + 1);

        fields.removeIf(field -> isControl(nameOf(field)));
        HeaderEdit controlled = edit(input, CONTROLLED);
        assertThat(text(controlled)).as(where).isEqualTo(String.join("", fields) + last);
        assertThat(fields(text(controlled))).as(where).noneMatch(field -> isControl(nameOf(field)));

        checkSubmission(input, last, where);
    }

    private static void checkSubmission(String input, String last, String where) {
        List<String> fields = fields(input);
        boolean hasDate = fields.stream().anyMatch(field -> nameOf(field).equals("date"));
        boolean hasId = fields.stream().anyMatch(field -> nameOf(field).equals("message-id"));
        fields.removeIf(field -> nameOf(field).equals("mine"));
        String kept = String.join("", fields);
        String submitted = text(edit(input, SUBMITTED));
        assertThat(submitted).as(where).startsWith(kept).endsWith(last);
        String added = submitted.substring(kept.length(), submitted.length() - last.length());
        assertThat(fields(added.stripLeading()))
                .as(where)
                .hasSize((hasDate ? 0 : 1) + (hasId ? 0 : 1));
        assertThat(fields(submitted).stream().map(HeaderEditTest::nameOf))
                .as(where)
                .contains("date", "message-id");
    }

    /// The header as the class reads it, fed whole and in two parts, which makes no difference.
    private static HeaderEdit edit(String message, Order order) {
        byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
        var whole = new HeldHeader(BYTES_MAX);
        int held = whole.add(bytes, 0, bytes.length);
        var parts = new HeldHeader(BYTES_MAX);
        int middle = bytes.length / 2;
        int heldFirst = parts.add(bytes, 0, middle);
        int heldThen = parts.isComplete() ? 0 : parts.add(bytes, middle, bytes.length - middle);
        assertThat(heldFirst + heldThen).isEqualTo(held);
        HeaderEdit edit = HeaderEdit.of(whole, order, ORIGIN);
        assertThat(HeaderEdit.of(parts, order, ORIGIN).bytes()).isEqualTo(edit.bytes());
        return edit;
    }

    /// Fields by another way than the class has: line by line as text (RFC 5322 §2.2).
    private static List<String> fields(String header) {
        var fields = new ArrayList<String>();
        int from = 0;
        while (from < header.length()) {
            int end = header.indexOf('\n', from);
            String line = header.substring(from, end < 0 ? header.length() : end + 1);
            if (line.matches("(?s)[ \t].*") && !fields.isEmpty()) {
                fields.set(fields.size() - 1, fields.getLast() + line);
            } else if (line.matches("(?s)[!-9;-~]+[ \t]*:.*")) {
                fields.add(line);
            } else {
                return fields;
            }
            from += line.length();
        }
        return fields;
    }

    private static String nameOf(String field) {
        String name = field.substring(0, Math.max(0, field.indexOf(':')));
        return name.matches("[!-~]+[ \t]*") ? name.strip().toLowerCase(Locale.ROOT) : "";
    }

    private static boolean isControl(String name) {
        return name.startsWith("x-whimbrel-")
                || List.of("x-job", "x-virtual-mta", "x-envid", "x-customer").contains(name);
    }

    private static boolean isForged(byte[] bytes, int from, int to) {
        String field = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
        return nameOf(field).equals("mine");
    }

    private static String text(HeaderEdit edit) {
        return new String(edit.bytes(), StandardCharsets.ISO_8859_1);
    }
}
