package io.whimbrel.config;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.AddressPattern;
import io.whimbrel.policy.BlocklistZone;
import io.whimbrel.toml.SizeText;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;

import java.util.Locale;
import java.util.Optional;

/// The kinds of values that say what senders may do. Stateless.
final class PolicyKinds {
    private static final int CERTIFICATE_MAX = 255;

    private PolicyKinds() {}

    /// How many bytes in how long: `10GiB/d`.
    static ValueKind<Rate> sizeRate() {
        return ValueKind.ofParsed(
                "is no size in a time",
                "a size and a time, such as \"500MiB/h\" or \"10GiB/d\"",
                PolicyKinds::parseSizeRate,
                rate -> SizeText.render(rate.count()) + "/" + rate.window().unit());
    }

    private static Optional<Rate> parseSizeRate(String text) {
        int slash = text.indexOf('/');
        return slash < 0
                ? Optional.empty()
                : SizeText.parse(text.substring(0, slash))
                        .filter(bytes -> bytes > 0)
                        .flatMap(bytes ->
                                Rate.Window.of(text.substring(slash + 1))
                                        .map(window -> new Rate(bytes, window)));
    }

    static ValueKind<AddressPattern> addressPattern() {
        return ValueKind.ofParsed(
                "is no address",
                "an address such as \"bounce@example.com\", \"bounce+*@example.com\" or"
                        + " \"*@example.com\"",
                AddressPattern::parse,
                AddressPattern::text);
    }

    static ValueKind<BlocklistZone> blocklistZone() {
        return ValueKind.ofParsed(
                "is no blocklist",
                "a zone such as \"bl.example.org\", and which answers count:"
                        + " \"bl.example.org=127.0.0.2..11\"",
                BlocklistZone::parse,
                BlocklistZone::text);
    }

    /// A domain of ours; all domains would make an open relay.
    static ValueKind<DomainPattern> inboundDomain() {
        return ValueKind.ofText(
                "is no domain",
                "a domain such as \"bounce.example.com\", or \"*.example.com\" for all below it",
                PolicyKinds::readInboundDomain,
                DomainPattern::text);
    }

    private static Reading<DomainPattern> readInboundDomain(String text) {
        Optional<DomainPattern> pattern =
                DomainPattern.parse(text).filter(it -> !text.startsWith("*.["));
        if (pattern.isEmpty()) {
            return Reading.bad(TomlText.shown(text) + " is no domain");
        }
        return pattern.get() instanceof DomainPattern.Every
                ? Reading.bad(
                        TomlText.shown(text)
                                + " would take mail for everybody, which makes an open relay")
                : new Reading.Good<>(pattern.get());
    }

    /// What tells a client certificate: a name in it, or the SHA-256 of the whole.
    static ValueKind<String> certificate() {
        return ValueKind.ofParsed(
                "is no name of a certificate",
                "a name, such as \"app.shop.example\", or \"sha256:\" and 64 hexadecimal digits",
                PolicyKinds::parseCertificate,
                text -> text);
    }

    private static Optional<String> parseCertificate(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.startsWith("sha256:")) {
            // As openssl and browsers show it, with colons between the octets.
            String digits = lower.substring("sha256:".length()).replace(":", "");
            return digits.matches("[0-9a-f]{64}")
                    ? Optional.of("sha256:" + digits)
                    : Optional.empty();
        }
        return Optional.of(lower)
                .filter(it -> it.length() <= CERTIFICATE_MAX && it.matches("[!-~]([ -~]*[!-~])?"));
    }
}
