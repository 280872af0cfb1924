package io.whimbrel.tlsrpt;

import io.whimbrel.mail.DomainName;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HexFormat;
import java.util.zip.GZIPOutputStream;

/// The report of one domain and day, compressed (RFC 8460 §5.2), and its names. Immutable; nobody
/// changes its bytes.
///
/// @param contactDomain of the address in `contact-info`
/// @param id its `report-id`
/// @param node our host name
/// @param bytes in gzip
record PackedReport(
        DomainName domain,
        LocalDate day,
        String contactDomain,
        String id,
        String node,
        byte[] bytes) {

    static final String TYPE = "application/tlsrpt+gzip";

    static byte[] compressed(String json) {
        var bytes = new ByteArrayOutputStream(json.length() / 4);
        try (var gzip = new GZIPOutputStream(bytes)) {
            gzip.write(json.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot be written", e);
        }
        return bytes.toByteArray();
    }

    /// RFC 8460 §5.1. Nodes of one organization report of the same domain and day: the last part
    /// tells them apart.
    String fileName() {
        Instant end = Step.question(domain, day).dayEnd();
        long begin = end.getEpochSecond() - 86_400;
        return String.join(
                "!",
                contactDomain,
                domain.value(),
                Long.toString(begin),
                Long.toString(end.getEpochSecond() - 1),
                HexFormat.of().toHexDigits(node.hashCode()) + ".json.gz");
    }
}
