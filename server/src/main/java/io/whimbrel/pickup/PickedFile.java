package io.whimbrel.pickup;

import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.reception.LocalMail;
import io.whimbrel.reception.LocalTerms;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Map;

/// One file that the server has in hand. Immutable.
///
/// @param path where nobody else can exchange it
/// @param hostName `node.name`
/// @param names what names without a domain mean
record PickedFile(Path path, String hostName, SendmailSettings names) {
    /// Envelope lines may come on top of the largest message.
    private static final int ENVELOPE_BYTES_MAX = RawMail.HEADER_BYTES_MAX;

    private static final int LABEL_MAX = 100;

    /// What is to become of it.
    sealed interface Fate {
        /// It is mail now, durably.
        record Taken() implements Fate {}

        record NotYet(SmtpReply reply) implements Fate {}

        /// @param reason for people
        record Bad(String reason) implements Fate {}
    }

    /// Looked at without following links.
    private record Facts(boolean isRegular, int uid, int links, long size, FileTime changed) {
        static Facts of(Path path) throws IOException {
            Map<String, Object> all =
                    Files.readAttributes(
                            path,
                            "unix:isRegularFile,uid,nlink,size,lastModifiedTime",
                            LinkOption.NOFOLLOW_LINKS);
            return all.get("isRegularFile") instanceof Boolean isRegular
                            && all.get("uid") instanceof Integer uid
                            && all.get("nlink") instanceof Integer links
                            && all.get("size") instanceof Long size
                            && all.get("lastModifiedTime") instanceof FileTime changed
                    ? new Facts(isRegular, uid, links, size, changed)
                    : new Facts(false, -1, 0, 0, FileTime.fromMillis(0));
        }
    }

    /// Takes it through the door.
    ///
    /// @throws IOException where it cannot be read now
    Fate offer(PickupFolder.Door door, PickupSettings settings) throws IOException {
        Facts facts = Facts.of(path);
        // A link would have the server read for its user what he may not read himself.
        if (!facts.isRegular || facts.links != 1) {
            return new Fate.Bad("it is no regular file with a single name");
        }
        if (facts.size > settings.messageBytesMax() + ENVELOPE_BYTES_MAX) {
            return new Fate.Bad("it is larger than pickup.max-message");
        }
        try (InputStream in =
                Files.newInputStream(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            return offer(door, settings, facts, in);
        } catch (BadMessageException e) {
            return new Fate.Bad(String.valueOf(e.getMessage()));
        } catch (AccessDeniedException _) {
            return new Fate.Bad("the server's user may not read it: give it mode 0644");
        }
    }

    private Fate offer(PickupFolder.Door door, PickupSettings settings, Facts facts, InputStream in)
            throws IOException {
        long bytesMax = settings.messageBytesMax() + ENVELOPE_BYTES_MAX;
        RawMail raw = RawMail.read(new CrlfInput(in, false, bytesMax));
        var fixes =
                new HeaderFixes(
                        names, HeaderFixes.Author.UNKNOWN, facts.changed.toInstant(), token(facts));
        FixedMail mail = fixes.ofFile(raw);
        var terms =
                new LocalTerms(
                        hostName,
                        settings.stream(),
                        settings.campaignHeader(),
                        settings.dsnPolicy(),
                        settings.messageBytesMax());
        SmtpReply reply =
                door.accept(
                        terms,
                        localMail(mail.envelope(), facts),
                        sink -> mail.writeTo(sink::write));
        if (reply.isPositive()) {
            return new Fate.Taken();
        }
        return reply.isTransient() ? new Fate.NotYet(reply) : new Fate.Bad(reply.toString());
    }

    private LocalMail localMail(EnvelopeFields envelope, Facts facts) throws BadMessageException {
        String sender = envelope.sender().orElse("");
        var recipients = new ArrayList<Recipient>(envelope.receivers().size());
        boolean isInternational = !isAscii(sender);
        for (String address : envelope.receivers()) {
            recipients.add(new Recipient(forwardPath(address), envelope.notice(), ""));
            isInternational |= !isAscii(address);
        }
        MailParameters given = envelope.parameters();
        var parameters =
                new MailParameters(
                        given.bodyType(), isInternational, given.dsnReturn(), given.envelopeId());
        return new LocalMail(
                new ReversePath(sender), recipients, parameters, "uid " + facts.uid, label());
    }

    private static ForwardPath forwardPath(String address) throws BadMessageException {
        SmtpPath path = AddressText.path(address).orElse(SmtpPath.NULL);
        return AddressText.forwardPath(path)
                .orElseThrow(() -> new BadMessageException("\"" + address + "\" is no address"));
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 128);
    }

    /// The same whenever the file is read again.
    private String token(Facts facts) {
        String what = path.getFileName() + "\n" + facts.changed.toMillis() + "\n" + facts.size;
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(what.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private String label() {
        String name = String.valueOf(path.getFileName());
        var label = new StringBuilder();
        for (int i = 0; i < Math.min(name.length(), LABEL_MAX); i++) {
            char c = name.charAt(i);
            label.append(c > ' ' && c <= '~' ? c : '?');
        }
        return label.toString();
    }
}
