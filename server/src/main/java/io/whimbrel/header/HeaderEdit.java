package io.whimbrel.header;

import io.whimbrel.mail.QueueId;
import io.whimbrel.smtp.SmtpReply;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What becomes of a header at the door: control fields read and taken out, forged fields taken
/// out, missing ones added, everything else as it came. Immutable.
///
/// @param bytes the header with the empty line behind it, where it had one
/// @param controls what the sender asked for
/// @param from values of all From fields
/// @param refusal why the message is not taken
public record HeaderEdit(
        byte[] bytes, MessageControls controls, List<String> from, Optional<SmtpReply> refusal) {
    private static final byte[] LINE_END = {'\r', '\n'};

    /// What to do with a header.
    ///
    /// @param isSubmission add what is missing
    /// @param mayControl obey control fields, and take them out
    /// @param tenantField names the tenant, where it may
    /// @param forgery tells fields that claim to be ours, to be taken out
    /// @param pools that control fields may name, sources among them
    public record Order(
            boolean isSubmission,
            boolean mayControl,
            Optional<String> tenantField,
            Forgery forgery,
            Set<String> pools) {}

    /// Whether a field claims to be ours.
    @FunctionalInterface
    public interface Forgery {
        /// @param from where its name begins
        /// @param to behind its last line end
        boolean isForged(byte[] bytes, int from, int to);
    }

    /// Names the message in fields that we add.
    public record Origin(QueueId id, String hostName, String date, Instant now) {}

    public static HeaderEdit of(HeldHeader header, Order order, Origin origin) {
        return new Editor(header, order, origin).edit();
    }

    /// One pass over the fields.
    private static final class Editor {
        private final HeldHeader header;
        private final Order order;
        private final Origin origin;
        private final ControlFields controls;
        private final ByteArrayOutputStream out;
        private final List<String> from = new ArrayList<>(1);
        private boolean hasDate;
        private boolean hasMessageId;

        /// What was kept ends within a line.
        private boolean isCut;

        Editor(HeldHeader header, Order order, Origin origin) {
            this.header = header;
            this.order = order;
            this.origin = origin;
            this.controls = new ControlFields(origin.now, order.pools);
            this.out = new ByteArrayOutputStream(header.length() + 128);
        }

        HeaderEdit edit() {
            for (HeldHeader.Field field : header.fields()) {
                if (isKept(field)) {
                    out.write(header.bytes(), field.from(), field.to() - field.from());
                    isCut = header.bytes()[field.to() - 1] != '\n';
                }
            }
            if (order.isSubmission) {
                addMissing();
            }
            int end = header.fieldsEnd();
            if (!header.endsWell()) {
                // Whoever reads the message next must see the header end where we did.
                out.writeBytes(LINE_END);
            }
            out.write(header.bytes(), end, header.length() - end);
            MessageControls asked = controls.read();
            return new HeaderEdit(out.toByteArray(), asked, List.copyOf(from), controls.refusal());
        }

        private boolean isKept(HeldHeader.Field field) {
            String name = field.name();
            hasDate |= field.isCalled("Date");
            hasMessageId |= field.isCalled("Message-ID");
            if (field.isCalled("From")) {
                // All of it: an address behind a cut would be sent unread.
                from.add(header.value(field, header.length()));
            }
            if (order.tenantField.isPresent() && field.isCalled(order.tenantField.get())) {
                controls.add(ControlFields.TENANT, header.value(field));
                return false;
            }
            if (order.mayControl && ControlFields.isControl(name)) {
                controls.add(name, header.value(field));
                return false;
            }
            return !order.forgery.isForged(header.bytes(), field.from(), field.to());
        }

        /// RFC 6409 §8.2, §8.3.
        private void addMissing() {
            if (isCut && !(hasDate && hasMessageId)) {
                // By BDAT a message may end within a line.
                out.writeBytes(LINE_END);
            }
            if (!hasDate) {
                add("Date: " + origin.date);
            }
            if (!hasMessageId) {
                add("Message-ID: <" + origin.id + "@" + origin.hostName + ">");
            }
        }

        private void add(String line) {
            out.writeBytes((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
        }
    }
}
