package io.whimbrel.submission;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.cli.CliRun;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

@Timeout(60)
final class SendCommandTest {
    private static final String MESSAGE =
            """
            Subject: hello
            From: Ann Example
             <ann@shop.example>
            To: b@example.org

            .dot
            end
            """;

    @TempDir private Path folder;

    @Test
    void message_isNormalizedStuffedAndItsIdPrinted() throws Exception {
        try (var server = new ScriptedSmtpServer(ScriptedSmtpServer::takeAll)) {
            CliRun run = send(MESSAGE, "--to", "b@example.org", "--via", server.address());

            assertThat(run.err()).isEmpty();
            assertThat(run.exit()).isZero();
            assertThat(run.out()).isEqualTo("00000000000ZZ\n");
            assertThat(server.received())
                    .isEqualTo(MESSAGE.replace("\n", "\r\n").replace("\r\n.", "\r\n..") + ".\r\n");
            assertThat(server.commands)
                    .containsExactly(
                            "EHLO [127.0.0.1]",
                            "MAIL FROM:<ann@shop.example> SIZE=88",
                            "RCPT TO:<b@example.org>",
                            "DATA",
                            ".",
                            "QUIT");
        }
    }

    @Test
    void eightBitMessageAndUtf8Address_areDeclared() throws Exception {
        try (var server = new ScriptedSmtpServer(ScriptedSmtpServer::takeAll)) {
            CliRun run =
                    send(
                            "Subject: x\r\n\r\nsch\u00f6n",
                            "--from",
                            "<>",
                            "--to",
                            "\u00e4@example.org",
                            "--via",
                            server.address());

            assertThat(run.exit()).isZero();
            assertThat(server.received()).isEqualTo("Subject: x\r\n\r\nsch\u00f6n\r\n.\r\n");
            assertThat(server.commands)
                    .contains("MAIL FROM:<> SIZE=22 BODY=8BITMIME SMTPUTF8")
                    .contains("RCPT TO:<\u00e4@example.org>");
        }
    }

    @Test
    void serverWithoutEightBit_isNotSentEightBit() throws Exception {
        try (var server =
                new ScriptedSmtpServer(command ->
                        command.startsWith("EHLO")
                                ? "250 plain\r\n"
                                : ScriptedSmtpServer.takeAll(command))) {
            CliRun run =
                    send("\u00f6", "--from", "a@b.c", "--to", "b@c.d", "--via", server.address());

            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.err()).contains("does not offer 8BITMIME");
            assertThat(server.received()).isEmpty();
        }
    }

    @Test
    void oldServer_isGreetedByHelo() throws Exception {
        try (var server =
                new ScriptedSmtpServer(command ->
                        command.startsWith("EHLO")
                                ? "502 what?\r\n"
                                : ScriptedSmtpServer.takeAll(command))) {
            CliRun run = send(MESSAGE, "--to", "b@example.org", "--via", server.address());

            assertThat(run.exit()).isZero();
            assertThat(server.commands)
                    .contains("HELO [127.0.0.1]", "MAIL FROM:<ann@shop.example>");
        }
    }

    @Test
    void refusedRecipient_isNamedAndTheRestSent() throws Exception {
        try (var server =
                new ScriptedSmtpServer(command ->
                        command.contains("nobody")
                                ? "550-5.1.1 No such\r\n550 5.1.1 user\r\n"
                                : ScriptedSmtpServer.takeAll(command))) {
            CliRun run =
                    send(
                            MESSAGE,
                            "--to",
                            "nobody@example.org",
                            "--to",
                            "b@example.org",
                            "--json",
                            "--via",
                            server.address());

            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.err())
                    .contains("<nobody@example.org> was refused: 550 5.1.1 No such user");
            assertThat(run.out())
                    .isEqualTo(
                            "{\"id\":\"00000000000ZZ\",\"reply\":\"250 2.0.0 queued as"
                                    + " 00000000000ZZ\",\"accepted\":[\"b@example.org\"],"
                                    + "\"refused\":[{\"recipient\":\"nobody@example.org\","
                                    + "\"reply\":\"550 5.1.1 No such user\"}]}\n");
        }
    }

    @Test
    void refusedMessage_exits1WithTheReply() throws Exception {
        try (var server =
                new ScriptedSmtpServer(command ->
                        command.equals(".")
                                ? "554 5.6.0 bare LF\r\n"
                                : ScriptedSmtpServer.takeAll(command))) {
            CliRun run = send(MESSAGE, "--to", "b@example.org", "--via", server.address());

            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).contains("the message was refused: 554 5.6.0 bare LF");
        }
    }

    @Test
    void everyRecipientRefused_sendsNoData() throws Exception {
        try (var server =
                new ScriptedSmtpServer(command ->
                        command.startsWith("RCPT")
                                ? "550 5.7.1 Relaying denied\r\n"
                                : ScriptedSmtpServer.takeAll(command))) {
            CliRun run = send(MESSAGE, "--to", "b@example.org", "--via", server.address());

            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.err())
                    .isEqualTo(
                            "whimbrel: <b@example.org> was refused: 550 5.7.1 Relaying denied\n");
            assertThat(server.commands).doesNotContain("DATA");
        }
    }

    @Test
    void serverThatHangsUp_exits1() throws Exception {
        try (var server =
                new ScriptedSmtpServer(command ->
                        command.equals("DATA") ? "" : ScriptedSmtpServer.takeAll(command))) {
            CliRun run = send(MESSAGE, "--to", "b@example.org", "--via", server.address());

            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.err()).contains("the server closed the connection");
        }
    }

    @Test
    void verbose_showsTheDialogueOnStandardError() throws Exception {
        try (var server = new ScriptedSmtpServer(ScriptedSmtpServer::takeAll)) {
            CliRun run = send(MESSAGE, "-v", "--to", "b@example.org", "--via", server.address());

            assertThat(run.out()).isEqualTo("00000000000ZZ\n");
            assertThat(run.err())
                    .startsWith("S: 220 mx.example.org ready\nC: EHLO [127.0.0.1]\n")
                    .contains("C: (88 bytes)\n")
                    .endsWith("C: QUIT\nS: 250 2.1.0 Ok\n");
        }
    }

    @Test
    void noServer_exits1() throws IOException {
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        CliRun run = send(MESSAGE, "--to", "b@example.org", "--via", "127.0.0.1:" + port);

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("no connection to 127.0.0.1:" + port);
    }

    @Test
    void unreadableFile_exits1() {
        CliRun run = CliRun.of("send", folder + "/no.eml", "--to", "a@b.c", "--via", "127.0.0.1:9");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("there is no file " + folder + "/no.eml");
        assertThat(CliRun.of("send", folder.toString(), "--to", "a@b.c", "--via", "[::1]:9").exit())
                .isEqualTo(1);
    }

    @Test
    void badArguments_areUsageErrors() {
        for (String via : new String[] {"host:port", ":25", "host:0", "host:70000", ""}) {
            assertThat(CliRun.of("send", "-", "--to", "a@b.c", "--via", via).exit())
                    .as(via)
                    .isEqualTo(2);
        }
        CliRun injected = CliRun.of("send", "-", "--to", "a@b>\r\nQUIT", "--via", "127.0.0.1:9");
        assertThat(injected.exit()).isEqualTo(2);
    }

    @Test
    void fromHeader_isReadFromTheHeaderOnly() {
        assertThat(from("From: a@b.c\n\nx")).isEqualTo("a@b.c");
        assertThat(from("from:\r\n \"A, B\" <a@b.c>\r\n\r\nx")).isEqualTo("a@b.c");
        assertThat(from("Subject: x\n\nFrom: a@b.c\n")).isEmpty();
        assertThat(from("From: nobody\n\nx")).isEmpty();
        assertThat(from("From: <a@b.c\r>\n\nx")).isEmpty();
    }

    @Test
    void randomFiles_areSentSoThatUnstuffingGivesThemBack() throws IOException {
        long seed = 5;
        var random = new Random(seed);
        byte[] alphabet = {'.', '\n', '\r', 'a', (byte) 0xc3};
        for (int i = 0; i < 2_000; i++) {
            var bytes = new byte[random.nextInt(30) + 1];
            for (int at = 0; at < bytes.length; at++) {
                bytes[at] = alphabet[random.nextInt(alphabet.length)];
            }
            var file = new MessageFile(bytes);
            var out = new ByteArrayOutputStream();
            file.writeTo(out);
            String wire = out.toString(StandardCharsets.ISO_8859_1);
            String body = wire.substring(0, wire.length() - 3);

            assertThat("\r\n" + wire).as("seed " + seed + " round " + i).endsWith("\r\n.\r\n");
            assertThat(body.replaceAll("\r\n", "")).doesNotContain("\n");
            String unstuffed = ("\r\n" + body).replace("\r\n..", "\r\n.").substring(2);
            assertThat((long) unstuffed.length()).isEqualTo(file.wireSize());
            String want = new String(bytes, StandardCharsets.ISO_8859_1).replace("\r\n", "\n");
            assertThat(unstuffed.replace("\r\n", "\n"))
                    .isEqualTo(want.endsWith("\n") ? want : want + "\n");
        }
    }

    @Test
    void randomReplies_areRepliesOrIoTrouble() throws Exception {
        long seed = 13;
        var random = new Random(seed);
        String[] parts = {
            "250", "999", "-", " ", "\r\n", "\n", "2.0.0", "x", "\u0000", "99999999999"
        };
        for (int i = 0; i < 50; i++) {
            var greeting = new StringBuilder();
            for (int part = random.nextInt(8); part >= 0; part--) {
                greeting.append(parts[random.nextInt(parts.length)]);
            }
            try (var server =
                    new ScriptedSmtpServer(
                            command -> command.isEmpty() ? greeting + "\r\n554 no\r\n" : "")) {
                CliRun run = send(MESSAGE, "--to", "a@b.c", "--via", server.address());

                assertThat(run.exit()).as("seed " + seed + ": " + greeting).isEqualTo(1);
                assertThat(run.err()).startsWith("whimbrel: ").doesNotContain("Exception");
            }
        }
    }

    @Test
    void message_canComeFromStandardInput() throws Exception {
        InputStream standardInput = System.in;
        try (var server = new ScriptedSmtpServer(ScriptedSmtpServer::takeAll)) {
            System.setIn(new ByteArrayInputStream(MESSAGE.getBytes(StandardCharsets.UTF_8)));
            CliRun run = CliRun.of("send", "-", "--to", "a@b.c", "--via", server.address());

            assertThat(run.exit()).isZero();
            assertThat(server.received()).contains("..dot");
        } finally {
            System.setIn(standardInput);
        }
    }

    private static String from(String message) {
        return new MessageFile(message.getBytes(StandardCharsets.UTF_8)).fromAddress().orElse("");
    }

    private CliRun send(String message, String... arguments) throws IOException {
        Path file = folder.resolve("m.eml");
        Files.writeString(file, message);
        var all = new String[arguments.length + 2];
        all[0] = "send";
        all[1] = file.toString();
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        return CliRun.of(all);
    }
}
