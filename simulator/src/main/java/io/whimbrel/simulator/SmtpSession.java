package io.whimbrel.simulator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import javax.net.ssl.SSLSocket;

/// One SMTP connection to a provider, from greeting to close (RFC 5321 §4). Confined to its thread.
final class SmtpSession {
    static final int MESSAGE_BYTES_MAX = 50 * 1024 * 1024;

    private static final int RECIPIENTS_MAX = 1_000;
    private static final int PROTOCOL_ERRORS_MAX = 20;
    private static final String OK = "250 2.0.0 OK\r\n";
    private static final Reply NOT_OURS =
            Reply.of(550, "5.7.1", "<{recipient}>: Relay access denied");
    private static final Reply TOO_BIG =
            Reply.of(552, "5.3.4", "Message size exceeds fixed maximum message size");
    private static final Reply TOO_MANY_RECIPIENTS = Reply.of(452, "4.5.3", "Too many recipients");

    private final Provider provider;
    private final String host;
    private final Ledger ledger;
    private final SimulatorClock clock;
    private final Visit visit;
    private final Body body;
    private final InetAddress local;
    private final List<String> parameters = new ArrayList<>();
    private Socket socket;
    private Wire wire;
    private String clientName = "";
    private boolean tls;
    private boolean transaction;
    private boolean mailRefused;
    private boolean chunking;
    private boolean closing;
    private int protocolErrors;

    /// What is known about a message when its last octet has arrived.
    record Transaction(
            String host,
            String client,
            String reversePath,
            List<String> recipients,
            List<String> parameters,
            boolean tls) {}

    SmtpSession(SimulatedInternet internet, Provider provider, String host, Socket socket)
            throws IOException {
        this.provider = provider;
        this.host = host;
        this.ledger = internet.ledger();
        this.clock = internet.clock();
        this.visit = new Visit(socket.getInetAddress(), internet.nextConnection());
        this.body = new Body(ledger.bodyBytesKept());
        this.local = socket.getLocalAddress();
        this.socket = socket;
        this.wire = new Wire(socket.getInputStream(), socket.getOutputStream());
    }

    /// Returns once the connection is over; the caller closes the socket.
    void run() {
        provider.tally().connected();
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(provider.desk().idleMillis());
            converse();
            wire.flush();
        } catch (SocketTimeoutException _) {
            sayTimeout();
        } catch (IOException | InterruptedException _) {
            // The client has left or the simulator shuts down; what was said is counted already.
        } finally {
            // First of all, so that a client which sees the end finds its place free again.
            visit.leave();
            endTls();
        }
    }

    private void endTls() {
        if (tls) {
            try {
                socket.close();
            } catch (IOException _) {
                // The client then cannot tell this end from an attack, as with any broken line.
            }
        }
    }

    private void sayTimeout() {
        try {
            wire.write("421 4.4.2 " + host + " timeout exceeded\r\n");
            wire.flush();
        } catch (IOException _) {
            // It does not listen either.
        }
    }

    private void converse() throws IOException, InterruptedException {
        if (!passes(Stage.CONNECT)) {
            return;
        }
        wire.write("220 " + host + " ESMTP " + provider.name() + " simulator\r\n");
        while (!closing) {
            switch (wire.readLine()) {
                case Wire.Line.Text(String text) -> handle(text);
                case Wire.Line.TooLong _ -> protocolError("500 5.5.2 Line too long\r\n");
                case Wire.Line.BadEnd _ ->
                        protocolError("500 5.5.2 Bare CR, bare LF or NUL in command\r\n");
            }
        }
    }

    private void handle(String line) throws IOException, InterruptedException {
        if (!announces(Extension.PIPELINING) && !wire.isDrained() && !isBdat(line)) {
            closing = true;
            protocolError("503 5.5.0 Pipelining without announcement\r\n");
            return;
        }
        switch (Command.parse(line)) {
            case Command.Ehlo(String client) -> ehlo(client);
            case Command.Helo(String client) -> helo(client);
            case Command.Mail mail -> mail(mail);
            case Command.Rcpt rcpt -> rcpt(rcpt);
            case Command.Data _ -> data();
            case Command.Bdat bdat -> bdat(bdat);
            case Command.StartTls _ -> startTls();
            case Command.Rset _ -> {
                endTransaction();
                wire.write(OK);
            }
            case Command.Noop _ -> wire.write(OK);
            case Command.Vrfy _ -> wire.write("252 2.1.5 Cannot verify, try RCPT\r\n");
            case Command.Help _ -> wire.write("214 2.0.0 See RFC 5321\r\n");
            case Command.Quit _ -> {
                closing = true;
                wire.write("221 2.0.0 " + host + " closing connection\r\n");
            }
            case Command.Unknown _ -> protocolError("500 5.5.1 Command not recognized\r\n");
            case Command.Malformed _ -> protocolError("501 5.5.4 Syntax error\r\n");
        }
    }

    private static boolean isBdat(String line) {
        return line.regionMatches(true, 0, "BDAT ", 0, 5);
    }

    private boolean announces(Extension extension) {
        return provider.spec().extensions().contains(extension);
    }

    private void ehlo(String client) throws IOException, InterruptedException {
        if (provider.spec().extensions().isEmpty()) {
            protocolError("502 5.5.1 EHLO not implemented\r\n");
            return;
        }
        if (!greeted(client)) {
            return;
        }
        var lines = new ArrayList<String>();
        lines.add(host + " at your service, [" + visit.clientIp() + "]");
        for (Extension extension : Extension.values()) {
            if (announces(extension)) {
                lines.add(extension.keyword());
            }
        }
        if (offersTls()) {
            lines.add("STARTTLS");
        }
        for (int i = 0; i < lines.size(); i++) {
            wire.write("250" + (i < lines.size() - 1 ? '-' : ' ') + lines.get(i) + "\r\n");
        }
    }

    private void helo(String client) throws IOException, InterruptedException {
        if (greeted(client)) {
            wire.write("250 " + host + "\r\n");
        }
    }

    private boolean greeted(String client) throws IOException, InterruptedException {
        endTransaction();
        clientName = "";
        if (!passes(Stage.EHLO)) {
            return false;
        }
        clientName = client;
        return true;
    }

    private boolean offersTls() {
        return provider.spec().tls() != TlsKind.NONE && !tls;
    }

    private void startTls() throws IOException {
        if (!offersTls()) {
            protocolError("503 5.5.1 STARTTLS not offered\r\n");
            return;
        }
        wire.write("220 2.0.0 Ready to start TLS\r\n");
        wire.flush();
        if (provider.tls().isEmpty()) {
            // No TLS record begins like this, so the client's handshake fails.
            wire.write("454 4.7.0 TLS not available\r\n");
            closing = true;
            return;
        }
        var secured =
                (SSLSocket)
                        provider.tls().get().getSocketFactory().createSocket(socket, null, true);
        secured.startHandshake();
        provider.tally().tlsEstablished();
        tls = true;
        clientName = "";
        endTransaction();
        socket = secured;
        // What came before the handshake goes with the old wire: commands sent in the clear must
        // not count as sent under TLS (RFC 3207 §4.2).
        wire = new Wire(secured.getInputStream(), secured.getOutputStream());
    }

    private void mail(Command.Mail mail) throws IOException, InterruptedException {
        if (clientName.isEmpty() || transaction) {
            protocolError("503 5.5.1 Bad sequence of commands\r\n");
            return;
        }
        MailParameters checked =
                MailParameters.check(mail.parameters(), provider.spec().extensions());
        if (!checked.known()) {
            protocolError("555 5.5.4 Unsupported parameter of MAIL\r\n");
            return;
        }
        mailRefused = false;
        visit.beginTransaction(mail.path());
        if (checked.size() > MESSAGE_BYTES_MAX) {
            refuse(TOO_BIG, List.of());
            mailRefused = true;
        } else if (passes(Stage.MAIL)) {
            transaction = true;
            parameters.addAll(mail.parameters());
            wire.write("250 2.1.0 Sender OK\r\n");
        } else {
            mailRefused = true;
        }
    }

    private void rcpt(Command.Rcpt rcpt) throws IOException, InterruptedException {
        if (!transaction || chunking) {
            noTransaction();
            return;
        }
        if (!MailParameters.checkRcpt(rcpt.parameters(), provider.spec().extensions())) {
            protocolError("555 5.5.4 Unsupported parameter of RCPT\r\n");
            return;
        }
        visit.judging(rcpt.path());
        if (visit.recipients().size() == RECIPIENTS_MAX) {
            refuse(TOO_MANY_RECIPIENTS, List.of(rcpt.path()));
        } else if (!provider.takesMailFor(rcpt.path(), local)) {
            refuse(NOT_OURS, List.of(rcpt.path()));
        } else if (passes(Stage.RCPT)) {
            visit.admit(rcpt.path());
            parameters.addAll(rcpt.parameters());
            wire.write("250 2.1.5 Recipient OK\r\n");
        }
    }

    private void data() throws IOException, InterruptedException {
        if (visit.recipients().isEmpty() || chunking) {
            noTransaction();
            return;
        }
        if (!passes(Stage.DATA)) {
            endTransaction();
            return;
        }
        wire.write("354 Go ahead\r\n");
        wire.awaitInput();
        if (passes(Stage.MID_BODY)) {
            DataReader.read(wire, body);
            endOfData();
        }
    }

    private void bdat(Command.Bdat bdat) throws IOException, InterruptedException {
        if (!announces(Extension.CHUNKING) || visit.recipients().isEmpty()) {
            // The chunk follows unasked (RFC 3030 §2), and must not be taken for commands.
            wire.copy(bdat.size(), new Body(0));
            noTransaction();
            return;
        }
        if (!chunking) {
            chunking = true;
            if (!passes(Stage.MID_BODY)) {
                return;
            }
        }
        wire.copy(bdat.size(), body);
        if (bdat.last()) {
            endOfData();
        } else {
            wire.write(OK);
        }
    }

    private void endOfData() throws IOException, InterruptedException {
        if (body.size() > MESSAGE_BYTES_MAX) {
            refuse(TOO_BIG, visit.recipients());
        } else if (passes(Stage.END_OF_DATA)) {
            accept();
        }
        endTransaction();
    }

    private void accept() throws IOException, InterruptedException {
        int recipients = visit.recipients().size();
        String client = visit.clientIp() + " " + clientName;
        var finished =
                new Transaction(
                        host, client, visit.reversePath(), visit.recipients(), parameters, tls);
        ledger.accept(provider.name(), finished, body);
        provider.tally().accepted(recipients, body.size());
        ledger.announce(recipients);
        visit.messageAccepted();
        boolean told = false;
        try {
            if (passes(Stage.AFTER_ACCEPT)) {
                String id = visit.token() + "." + visit.messages();
                wire.write("250 2.0.0 OK " + id + "\r\n");
                wire.flush();
                told = true;
            }
        } finally {
            if (!told) {
                provider.tally().answerLost(recipients);
            }
        }
    }

    private void endTransaction() {
        visit.endTransaction();
        parameters.clear();
        body.clear();
        transaction = false;
        mailRefused = false;
        chunking = false;
    }

    /// Whether the conversation goes on as usual; otherwise the refusal is written or the
    /// connection is about to close.
    private boolean passes(Stage stage) throws IOException, InterruptedException {
        Duration delay = provider.desk().delay(stage);
        if (delay.isPositive()) {
            wire.flush();
            clock.sleep(delay);
        }
        return switch (provider.desk().judge(stage, visit)) {
            case Verdict.GoOn _ -> true;
            case Verdict.Refuse(Reply reply) -> {
                closing |= stage == Stage.CONNECT;
                refuse(reply, concerned(stage));
                yield false;
            }
            case Verdict.HangUp _ -> {
                closing = true;
                provider.tally().droppedConnection();
                yield false;
            }
        };
    }

    private List<String> concerned(Stage stage) {
        return switch (stage) {
            case CONNECT, EHLO, MAIL -> List.of();
            case RCPT -> List.of(visit.recipient());
            case DATA, MID_BODY, END_OF_DATA, AFTER_ACCEPT -> visit.recipients();
        };
    }

    private void refuse(Reply reply, List<String> recipients) throws IOException {
        ledger.refuse(provider.name(), body.messageId(), visit, recipients, reply);
        provider.tally().refused(reply, Math.max(1, recipients.size()));
        closing |= reply.closes();
        wire.write(reply.render(visit));
    }

    /// The rest of a pipelined group whose MAIL or RCPTs were refused is no error of the client.
    private void noTransaction() throws IOException {
        if (mailRefused || (transaction && !chunking)) {
            wire.write("503 5.5.1 No valid sender and recipient\r\n");
        } else {
            protocolError("503 5.5.1 Bad sequence of commands\r\n");
        }
    }

    private void protocolError(String answer) throws IOException {
        provider.tally().protocolError();
        wire.write(answer);
        if (++protocolErrors == PROTOCOL_ERRORS_MAX) {
            closing = true;
            wire.write("421 4.7.0 " + host + " too many errors\r\n");
        }
    }
}
