package io.whimbrel.submission;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/// A server for one connection that answers each command as a test says, and keeps what it hears.
final class ScriptedSmtpServer implements AutoCloseable {
    final List<String> commands = new CopyOnWriteArrayList<>();
    final ByteArrayOutputStream data = new ByteArrayOutputStream();

    private final ServerSocket server;
    private final UnaryOperator<String> answers;
    private final Thread thread;

    /// @param answers reply to a command, to `""` for the greeting, to `.` for the end of data;
    ///   `""` hangs up
    ScriptedSmtpServer(UnaryOperator<String> answers) throws IOException {
        this.server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        this.answers = answers;
        this.thread = Thread.ofVirtual().start(this::serve);
    }

    /// Takes everything.
    static String takeAll(String command) {
        return switch (command.split(" ")[0]) {
            case "" -> "220 mx.example.org ready\r\n";
            case "EHLO" ->
                    "250-mx.example.org\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";
            case "DATA" -> "354 go\r\n";
            case "." -> "250 2.0.0 queued as 00000000000ZZ\r\n";
            default -> "250 2.1.0 Ok\r\n";
        };
    }

    String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    /// The message as it came, dots still stuffed; once the connection has ended.
    String received() throws InterruptedException {
        thread.join();
        return data.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private void serve() {
        try (Socket socket = server.accept()) {
            var in = new BufferedInputStream(socket.getInputStream());
            String command = "";
            while (true) {
                String answer = answers.apply(command);
                socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                if (answer.isEmpty() || command.equals("QUIT")) {
                    return;
                }
                command = answer.startsWith("354") ? readData(in) : readLine(in);
                if (command.isEmpty()) {
                    return;
                }
                commands.add(command);
            }
        } catch (IOException e) {
            commands.add("connection: " + e.getMessage());
        }
    }

    private String readData(BufferedInputStream in) throws IOException {
        for (int b = in.read(); b >= 0; b = in.read()) {
            data.write(b);
            if (data.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n.\r\n")) {
                return ".";
            }
        }
        return "";
    }

    private static String readLine(BufferedInputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }
}
