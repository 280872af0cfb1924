import jakarta.mail.Authenticator;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.Message;
import jakarta.mail.PasswordAuthentication;
import jakarta.mail.SendFailedException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import org.eclipse.angus.mail.smtp.SMTPMessage;
import org.eclipse.angus.mail.smtp.SMTPTransport;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/// Sends by Jakarta Mail as applications do. Arguments: host, STARTTLS port, implicit port, password.
final class Client {
    private Client() {}

    public static void main(String[] words) throws Exception {
        int startTls = Integer.parseInt(words[1]);
        int implicit = Integer.parseInt(words[2]);
        int number = 0;
        for (String mechanism : new String[] {"PLAIN", "LOGIN"}) {
            send(session(words[0], startTls, false, mechanism, words[3]), plain(number++));
            send(session(words[0], implicit, true, mechanism, words[3]), plain(number++));
        }
        Session utf8 = session(words[0], startTls, false, "PLAIN", words[3]);
        send(utf8, international(utf8, number++));
        send(utf8, reported(utf8, number++));
        many(session(words[0], startTls, false, "PLAIN", words[3]), number);
        refusals(words[0], startTls);
    }

    private static Session session(
            String host, int port, boolean isImplicit, String mechanism, String password) {
        var properties = new Properties();
        String name = isImplicit ? "smtps" : "smtp";
        properties.put("mail.transport.protocol", name);
        properties.put("mail.transport.protocol.rfc822", name);
        properties.put("mail." + name + ".host", host);
        properties.put("mail." + name + ".port", String.valueOf(port));
        properties.put("mail." + name + ".auth", "true");
        properties.put("mail." + name + ".auth.mechanisms", mechanism);
        properties.put("mail." + name + ".starttls.enable", "true");
        properties.put("mail." + name + ".starttls.required", "true");
        properties.put("mail." + name + ".ssl.checkserveridentity", "true");
        properties.put("mail." + name + ".allow8bitmime", "true");
        properties.put("mail." + name + ".timeout", "30000");
        properties.put("mail.mime.allowutf8", "true");
        return Session.getInstance(
                properties,
                new Authenticator() {
                    @Override
                    protected PasswordAuthentication getPasswordAuthentication() {
                        return new PasswordAuthentication("shop", password);
                    }
                });
    }

    private static MimeMessage plain(int number) throws Exception {
        // A dot, an umlaut and trailing spaces, which clients get wrong.
        String text =
                "From: sender@shop.example\r\nTo: rcpt@example.org\r\nSubject: jakarta\r\n"
                        + ("Message-ID: <interop-" + number + "@shop.example>\r\n")
                        + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        + "Content-Transfer-Encoding: 8bit\r\n\r\n.\r\n..x\r\nGr\u00fc\u00dfe  \r\nend\r\n";
        return new MimeMessage(null, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static MimeMessage international(Session session, int number) throws Exception {
        var message = new MimeMessage(session);
        message.setFrom(new InternetAddress("b\u00fccher@shop.example"));
        message.setRecipient(Message.RecipientType.TO, new InternetAddress("\u00f6rtlich@example.org"));
        message.setSubject("\u00fcber", "utf-8");
        message.setText("international\r\n", "utf-8");
        return named(message, number);
    }

    private static MimeMessage reported(Session session, int number) throws Exception {
        var message = new SMTPMessage(session);
        message.setFrom(new InternetAddress("sender@shop.example"));
        message.setRecipient(Message.RecipientType.TO, new InternetAddress("rcpt@example.org"));
        message.setEnvelopeFrom("bounce@shop.example");
        message.setNotifyOptions(SMTPMessage.NOTIFY_SUCCESS | SMTPMessage.NOTIFY_FAILURE);
        message.setReturnOption(SMTPMessage.RETURN_HDRS);
        message.setText("reported\r\n");
        return named(message, number);
    }

    private static MimeMessage named(MimeMessage message, int number) throws Exception {
        message.saveChanges();
        message.setHeader("Message-ID", "<interop-" + number + "@shop.example>");
        return message;
    }

    private static void send(Session session, MimeMessage message) throws Exception {
        try (Transport transport = session.getTransport()) {
            transport.connect();
            transport.sendMessage(message, message.getAllRecipients());
            System.out.println(((SMTPTransport) transport).getLastServerResponse().strip());
        }
    }

    /// Many messages over one connection, with two recipients each.
    private static void many(Session session, int first) throws Exception {
        try (Transport transport = session.getTransport()) {
            transport.connect();
            for (int i = 0; i < 20; i++) {
                transport.sendMessage(
                        plain(first + i), InternetAddress.parse("a@example.org, b@example.org"));
            }
        }
    }

    private static void refusals(String host, int port) throws Exception {
        try (Transport transport = session(host, port, false, "PLAIN", "wrong").getTransport()) {
            transport.connect();
            throw new AssertionError("a wrong password was taken");
        } catch (AuthenticationFailedException e) {
            System.out.println("refused: " + e.getMessage().strip());
        }
        Session open = session(host, port, false, "PLAIN", "x");
        open.getProperties().put("mail.smtp.auth", "false");
        try (Transport transport = open.getTransport()) {
            transport.connect();
            transport.sendMessage(plain(99), InternetAddress.parse("a@example.org"));
            throw new AssertionError("mail was taken without login");
        } catch (SendFailedException e) {
            System.out.println("refused: " + e.getMessage().strip());
        } catch (jakarta.mail.MessagingException e) {
            System.out.println("refused: " + e.getMessage().strip());
        }
    }
}
