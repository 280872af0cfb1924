package io.whimbrel.reception;

import io.whimbrel.header.HeaderEdit;
import io.whimbrel.header.HeaderScanner;
import io.whimbrel.header.HeldHeader;
import io.whimbrel.header.MessageControls;
import io.whimbrel.smtp.ByteSink;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;
import java.util.function.Function;

/// One message while it arrives: its bytes go to the store, watched for size, hops and campaign.
/// Confined to one thread.
///
/// Where the header has to be read or changed it is held back until it is whole, at most
/// `max-header`; the bytes of the body are never touched. Past the size limit bytes are counted and
/// dropped, so that a client that goes on sending costs no memory and no disk.
final class IncomingMail implements ByteSink, AutoCloseable {
    private static final Optional<String> TLS_REQUIRED = Optional.of("TLS-Required");

    private final MailStore.Body body;
    private final Arrival arrival;
    private final HeaderScanner scanner;
    private final Optional<Held> held;
    private final Optional<HeldMail> whole;
    private final HeaderScanner tlsScanner = new HeaderScanner(TLS_REQUIRED);
    private Optional<HeaderEdit> edit = Optional.empty();
    private long size;

    /// A header that is held back.
    ///
    /// @param editor what becomes of it, called once
    record Held(HeldHeader header, Function<HeldHeader, HeaderEdit> editor) {}

    /// @param held there where the header has to be read or changed
    /// @param whole there where the message is verified first
    IncomingMail(
            MailStore.Body body, Arrival arrival, Optional<Held> held, Optional<HeldMail> whole) {
        this.whole = whole;
        this.body = body;
        this.arrival = arrival;
        this.held = held;
        this.scanner = new HeaderScanner(arrival.client().campaignHeader());
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        size += length;
        if (isTooLarge()) {
            return;
        }
        if (whole.isPresent()) {
            whole.get().verify(bytes, from, length);
        } else {
            arrival.claim().grow(size);
        }
        scanner.scan(bytes, from, length);
        tlsScanner.scan(bytes, from, length);
        if (held.isEmpty() || edit.isPresent()) {
            pass(bytes, from, length);
            return;
        }
        HeldHeader header = held.get().header();
        int used = header.add(bytes, from, length);
        if (header.isComplete()) {
            release(held.get());
            pass(bytes, from + used, length - used);
        }
    }

    private void pass(byte[] bytes, int from, int length) {
        if (whole.isPresent()) {
            whole.get().write(bytes, from, length);
        } else {
            body.write(bytes, from, length);
        }
    }

    private void release(Held header) {
        HeaderEdit done = header.editor().apply(header.header());
        edit = Optional.of(done);
        pass(done.bytes(), 0, done.bytes().length);
    }

    /// The last byte has come.
    void end() {
        if (held.isPresent() && edit.isEmpty() && !isHeaderTooLarge()) {
            // A message without a body.
            release(held.get());
        }
    }

    /// Gives a message to the store that was held until now.
    ///
    /// @return what its verification found against it
    Optional<SmtpReply> verified() {
        String authservId = arrival.client().terms().settings().hostName();
        return whole.flatMap(mail -> mail.release(body, authservId));
    }

    /// What became of the header, once it was whole; empty where it went by untouched.
    Optional<HeaderEdit> edit() {
        return edit;
    }

    /// Whether it would rather be delivered without TLS than not at all (RFC 8689 §3).
    boolean isTlsOptional() {
        return tlsScanner.value().equalsIgnoreCase("No");
    }

    /// What the sender asked for in the header.
    MessageControls controls() {
        return edit.map(HeaderEdit::controls).orElse(MessageControls.NONE);
    }

    boolean isTooLarge() {
        return size > arrival.client().messageBytesMax();
    }

    boolean isHeaderTooLarge() {
        return scanner.headerBytes() > arrival.client().terms().settings().header().bytesMax()
                || (held.isPresent() && held.get().header().isTooLarge());
    }

    /// Octets from the client so far, our Received field not included.
    long size() {
        return size;
    }

    HeaderScanner header() {
        return scanner;
    }

    MailStore.Body body() {
        return body;
    }

    Arrival arrival() {
        return arrival;
    }

    @Override
    public void close() {
        whole.ifPresent(HeldMail::close);
        body.close();
    }
}
