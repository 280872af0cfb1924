package io.whimbrel.verification;

import io.whimbrel.dkim.DkimResult;
import io.whimbrel.dkim.Labels;
import io.whimbrel.dkim.TagList;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/// A signature as its field describes it (RFC 6376 §3.5). Its arrays are never changed.
///
/// @param isEd25519 else it is RSA
/// @param domain lower case
/// @param identity `@` and the domain where the field names none
/// @param fieldNames lower case, in the order of signing
/// @param bodyLength how much of the body is signed; all where it is empty
record SignatureTags(
        boolean isEd25519,
        String domain,
        String selector,
        String identity,
        boolean isHeaderRelaxed,
        boolean isBodyRelaxed,
        byte[] signature,
        byte[] bodyHash,
        List<String> fieldNames,
        OptionalLong bodyLength,
        OptionalLong expiry) {

    /// What became of a field.
    sealed interface Reading {
        record Good(SignatureTags tags) implements Reading {}

        record Bad(DkimResult result, String reason) implements Reading {}
    }

    /// Where the DNS has the key.
    String keyName() {
        return selector + "._domainkey." + domain;
    }

    static Reading read(TagList tags, Kind kind) {
        return new Reader(tags, kind).read();
    }

    /// Reads one list. Confined to one thread.
    private static final class Reader {
        private static final int DIGITS_MAX = 18;

        private final TagList tags;
        private final Kind kind;
        private final boolean hasBody;

        Reader(TagList tags, Kind kind) {
            this.tags = tags;
            this.kind = kind;
            this.hasBody = kind != Kind.ARC_SEAL;
        }

        Reading read() {
            if (kind == Kind.DKIM && !tags.get("v", "").equals("1")) {
                return bad(tags.find("v").isEmpty() ? "no version" : "unknown version");
            }
            String algorithm = tags.get("a", "");
            if (algorithm.equals("rsa-sha1")) {
                // RFC 8301 §3.1: not to be considered valid.
                return new Reading.Bad(DkimResult.POLICY, "SHA-1");
            }
            boolean isEd25519 = algorithm.equals("ed25519-sha256");
            if (!isEd25519 && !algorithm.equals("rsa-sha256")) {
                return bad(algorithm.isEmpty() ? "no algorithm" : "unknown algorithm");
            }
            String domain = Labels.normal(tags.get("d", ""));
            String selector = tags.get("s", "").toLowerCase(Locale.ROOT);
            if (!Labels.isQualified(domain)) {
                return bad("no domain");
            }
            if (!Labels.isName(selector) || !Labels.isQualified(selector + "." + domain)) {
                return bad("no selector");
            }
            if (!isNumber("t") || !isNumber("x") || !isNumber("l") || !isExpiryBehindTime()) {
                return bad("bad number");
            }
            return read(isEd25519, domain, selector);
        }

        private Reading read(boolean isEd25519, String domain, String selector) {
            String identity = kind == Kind.DKIM ? tags.get("i", "@" + domain) : "@" + domain;
            int at = identity.lastIndexOf('@');
            if (at < 0 || !Labels.isWithin(Labels.normal(identity.substring(at + 1)), domain)) {
                return bad("the identity lies outside the domain");
            }
            String[] canonicalization = canonicalization();
            if (canonicalization.length == 0) {
                return bad("unknown canonicalization");
            }
            byte[] signature = base64("b");
            byte[] bodyHash = hasBody ? base64("bh") : new byte[0];
            if (signature.length == 0 || (hasBody && bodyHash.length == 0)) {
                return bad(signature.length == 0 ? "no signature" : "no body hash");
            }
            List<String> fieldNames = fieldNames();
            if (hasBody && tags.find("h").isEmpty()) {
                return bad("no list of fields");
            }
            if (kind == Kind.DKIM && !fieldNames.contains("from")) {
                return bad("From is not signed");
            }
            if (kind == Kind.DKIM && !hasKnownQuery()) {
                return bad("unknown query method");
            }
            return new Reading.Good(
                    new SignatureTags(
                            isEd25519,
                            domain,
                            selector,
                            identity,
                            canonicalization[0].equals("relaxed"),
                            canonicalization[1].equals("relaxed"),
                            signature,
                            bodyHash,
                            fieldNames,
                            number("l"),
                            number("x")));
        }

        private static Reading bad(String reason) {
            return new Reading.Bad(DkimResult.PERMERROR, reason);
        }

        private boolean isNumber(String tag) {
            String value = tags.get(tag, "0");
            for (int i = 0; i < value.length(); i++) {
                if (!Labels.isDigit(value.charAt(i))) {
                    return false;
                }
            }
            return !value.isEmpty() && value.length() <= 76;
        }

        /// Of a tag that is a number; so many digits that it means forever are cut (RFC 6376 §3.5).
        private OptionalLong number(String tag) {
            if (tags.find(tag).isEmpty()) {
                return OptionalLong.empty();
            }
            String digits = tags.get(tag, "0");
            return OptionalLong.of(
                    digits.length() > DIGITS_MAX ? Long.MAX_VALUE : Long.parseLong(digits));
        }

        private boolean isExpiryBehindTime() {
            OptionalLong time = number("t");
            OptionalLong expiry = number("x");
            return time.isEmpty() || expiry.isEmpty() || expiry.getAsLong() > time.getAsLong();
        }

        /// Of header and body; none where it is unknown. In ARC it is relaxed where nothing is
        /// said, as every implementation has it.
        private String[] canonicalization() {
            String byDefault = kind == Kind.DKIM ? "simple" : "relaxed/relaxed";
            String value = kind == Kind.ARC_SEAL ? byDefault : tags.get("c", byDefault);
            int slash = value.indexOf('/');
            String header = slash < 0 ? value : value.substring(0, slash);
            String body = slash < 0 ? "simple" : value.substring(slash + 1);
            return isKnown(header) && isKnown(body) ? new String[] {header, body} : new String[0];
        }

        private static boolean isKnown(String canonicalization) {
            return canonicalization.equals("simple") || canonicalization.equals("relaxed");
        }

        private boolean hasKnownQuery() {
            for (String method : tags.get("q", "dns/txt").split(":", -1)) {
                if (method.strip().equals("dns/txt") || method.strip().equals("dns")) {
                    return true;
                }
            }
            return false;
        }

        private byte[] base64(String tag) {
            try {
                return Base64.getDecoder().decode(TagList.withoutSpaces(tags.get(tag, "")));
            } catch (IllegalArgumentException _) {
                return new byte[0];
            }
        }

        private List<String> fieldNames() {
            List<String> names = new ArrayList<>();
            String list = tags.get("h", "");
            int at = 0;
            while (at <= list.length()) {
                int colon = list.indexOf(':', at);
                int end = colon < 0 ? list.length() : colon;
                names.add(TagList.withoutSpaces(list.substring(at, end)).toLowerCase(Locale.ROOT));
                at = end + 1;
            }
            return names;
        }
    }

    /// Fields that hold a signature.
    enum Kind {
        /// `DKIM-Signature` (RFC 6376 §3.5).
        DKIM,
        /// `ARC-Message-Signature` (RFC 8617 §4.1.2).
        ARC_MESSAGE,
        /// `ARC-Seal`, which signs no body and says not which fields (RFC 8617 §4.1.3).
        ARC_SEAL
    }
}
