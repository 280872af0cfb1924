package io.whimbrel.verification;

import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.Labels;
import io.whimbrel.dkim.ResultsField;
import io.whimbrel.mail.IpText;
import io.whimbrel.verification.ArcVerdict.ArcResult;
import io.whimbrel.verification.SpfVerdict.SpfResult;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The `Authentication-Results` field (RFC 8601): ours is written, those that pretend to be ours
/// are found. Stateless.
///
/// What peers wrote goes into the field as a token, a plain address or a quoted string, cut at
/// [#VALUE_MAX] characters, with `?` for everything that is not printable US-ASCII: it can end
/// neither the value nor the field.
public final class AuthenticationResults {
    private static final String NAME = "Authentication-Results";
    private static final int VALUE_MAX = 320;
    private static final int LINE_MAX = 78;
    private static final String FOLD = "\r\n\t";

    private final StringBuilder field = new StringBuilder(512);
    private int lineStart;

    private AuthenticationResults() {}

    static byte[] render(String authservId, Verdicts verdicts) {
        var writer = new AuthenticationResults();
        writer.field.append(NAME).append(": ").append(value(authservId));
        int before = writer.field.length();
        verdicts.spf().ifPresent(writer::spf);
        verdicts.dkim().forEach(writer::dkim);
        verdicts.dmarc().ifPresent(writer::dmarc);
        verdicts.arc().ifPresent(arc -> writer.arc(arc, IpText.of(verdicts.client())));
        if (writer.field.length() == before) {
            writer.field.append("; none");
        }
        return writer.field.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    }

    private void spf(SpfVerdict spf) {
        boolean isTold = spf.result() != SpfResult.PASS && spf.result() != SpfResult.NONE;
        method("spf", spf.result().word(), isTold ? spf.cause() : "");
        property(spf.isHelo() ? "smtp.helo" : "smtp.mailfrom", spf.identity());
    }

    private void dkim(DkimVerdict dkim) {
        method("dkim", dkim.result().word(), dkim.reason());
        property("header.d", dkim.domain());
        if (!dkim.identity().equals("@" + dkim.domain())) {
            property("header.i", dkim.identity());
        }
        property("header.s", dkim.selector());
        property("header.a", dkim.algorithm());
        property("header.b", dkim.signature());
    }

    private void dmarc(DmarcVerdict dmarc) {
        method("dmarc", dmarc.result().word(), dmarc.reason());
        property("header.from", dmarc.authorDomain());
        property("policy.dmarc", dmarc.policyDomain().isEmpty() ? "" : dmarc.policy().word());
    }

    private void arc(ArcVerdict arc, String client) {
        method("arc", arc.result().word(), arc.reason());
        property("smtp.remote-ip", arc.result() == ArcResult.NONE ? "" : client);
    }

    private void method(String name, String result, String reason) {
        field.append(';').append(FOLD);
        lineStart = field.length();
        field.append(name).append('=').append(result);
        property("reason", reason);
    }

    private void property(String name, String peerValue) {
        if (peerValue.isEmpty()) {
            return;
        }
        String value = value(peerValue);
        int length = 1 + name.length() + 1 + value.length();
        if (field.length() - lineStart + length >= LINE_MAX) {
            field.append(FOLD);
            lineStart = field.length();
        } else {
            field.append(' ');
        }
        field.append(name).append('=').append(value);
    }

    /// As it may stand in the field (RFC 8601 §2.2).
    static String value(String peerValue) {
        String cut = peerValue.substring(0, Math.min(VALUE_MAX, peerValue.length()));
        if (isToken(cut) || isPlainAddress(cut)) {
            return cut;
        }
        var quoted = new StringBuilder(cut.length() + 8).append('"');
        for (int i = 0; i < cut.length(); i++) {
            char c = cut.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else {
                quoted.append(c >= ' ' && c <= '~' ? c : '?');
            }
        }
        return quoted.append('"').toString();
    }

    /// RFC 2045 §5.1.
    private static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c > '~' || "()<>@,;:\\\"/[]?=".indexOf(c) >= 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /// A dot-atom or nothing, `@`, and a domain name.
    private static boolean isPlainAddress(String text) {
        int at = text.indexOf('@');
        if (at < 0 || !Labels.isName(text.substring(at + 1))) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean isDomainPart = i > at;
            String specials = isDomainPart ? "-_." : "!#$%&'*+-/=?^_`{|}~.";
            if (i != at && !Labels.isAlphanumeric(c) && specials.indexOf(c) < 0) {
                return false;
            }
        }
        String local = text.substring(0, at);
        return !local.startsWith(".") && !local.endsWith(".") && !local.contains("..");
    }

    /// Whether a field of a message that comes in pretends to be ours, and is to be removed (RFC
    /// 8601 §5): an Authentication-Results field by our name, or by one that cannot be read.
    ///
    /// @param bytes of the message
    /// @param from where the field's name begins
    /// @param to where the field ends; its CRLF may be counted in or not
    public static boolean isForged(byte[] bytes, int from, int to, String authservId) {
        HeaderField field = HeaderField.of(Arrays.copyOfRange(bytes, from, to));
        return field.name().equals(ResultsField.NAME)
                && ResultsField.of(field.value()).mayBeBy(authservId);
    }
}
