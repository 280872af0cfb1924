package io.whimbrel.mime;

import jakarta.mail.MessagingException;
import jakarta.mail.Multipart;
import jakarta.mail.Part;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/// A message before and after, and what an independent reader makes of it.
record Converted(Findings findings, byte[] output) {

    static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static Converted of(String latin1) {
        return of(latin1(latin1));
    }

    static Converted of(byte[] message) {
        return inPieces(message, Math.max(1, message.length));
    }

    /// Cut into pieces of that size.
    static Converted inPieces(byte[] message, int size) {
        Findings findings = survey(message, size);
        var out = new ByteArrayOutputStream();
        var conversion = new SevenBit(findings, out::write);
        for (int at = 0; at < message.length; at += size) {
            conversion.write(message, at, Math.min(size, message.length - at));
        }
        conversion.finish();
        return new Converted(findings, out.toByteArray());
    }

    static Findings survey(byte[] message, int size) {
        var survey = new Survey();
        for (int at = 0; at < message.length; at += size) {
            survey.write(message, at, Math.min(size, message.length - at));
        }
        return survey.finish();
    }

    String text() {
        return new String(output, StandardCharsets.ISO_8859_1);
    }

    boolean hasEightBit() {
        for (byte octet : output) {
            if (octet < 0) {
                return true;
            }
        }
        return false;
    }

    /// Type and decoded content of each leaf, as Angus Mail reads it.
    static List<String> leaves(byte[] message) throws IOException {
        List<String> leaves = new ArrayList<>();
        try {
            var session = Session.getInstance(new Properties());
            add(leaves, new MimeMessage(session, new ByteArrayInputStream(message)), 0);
        } catch (MessagingException e) {
            leaves.add("refused: " + e.getClass().getSimpleName());
        }
        return leaves;
    }

    private static void add(List<String> leaves, Part part, int depth)
            throws MessagingException, IOException {
        // A message that says of no type is given one that says what it was.
        String type = part.getContentType().replaceAll("; charset=(utf-8|unknown-8bit)$", "");
        boolean isComposite = part.isMimeType("multipart/*") || part.isMimeType("message/rfc822");
        Object content = "";
        try {
            content = isComposite && depth < 60 ? part.getContent() : "";
        } catch (MessagingException | IOException e) {
            leaves.add(type + " is broken");
        }
        if (content instanceof Multipart parts) {
            leaves.add(type + " {");
            for (int i = 0; i < parts.getCount(); i++) {
                add(leaves, parts.getBodyPart(i), depth + 1);
            }
            leaves.add("}");
        } else if (content instanceof Part inner) {
            leaves.add(type + " >");
            add(leaves, inner, depth + 1);
        } else {
            leaves.add(type + "|" + content(part));
        }
    }

    private static String content(Part part) throws MessagingException {
        try (var in = part.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "unreadable";
        }
    }
}
