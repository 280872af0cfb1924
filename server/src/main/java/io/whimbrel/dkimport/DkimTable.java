package io.whimbrel.dkimport;

import io.whimbrel.dkim.Labels;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.toml.DurationText;
import io.whimbrel.toml.TomlText;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A table `[[dkim]]` as it will be written. Immutable.
///
/// @param place of the line it comes from
/// @param domain that signs; `*`: the author's own
/// @param key as `key` says it
/// @param authors domains of From; none: `domain`, and below it where `hasSubdomains`
/// @param form how
public record DkimTable(
        Place place,
        String domain,
        String selector,
        String key,
        List<String> authors,
        boolean hasSubdomains,
        DkimForm form) {
    static final String EVERY = "*";

    private static final Duration EXPIRE_LEAST = Duration.ofHours(1);
    private static final Duration EXPIRE_MOST = Duration.ofDays(365);
    private static final int FIELD_MAX = 64;
    private static final int FIELDS_MAX = 200;
    private static final int SELECTOR_MAX = 200;

    /// Letters, digits, hyphens and underscores, in labels (RFC 6376 §3.1).
    private static final String SELECTOR =
            "[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?"
                    + "(\\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*";

    public DkimTable {
        authors = List.copyOf(authors);
    }

    /// Why our configuration would not take it.
    Optional<String> complaint() {
        if (!domain.equals(EVERY) && !isDomain(domain)) {
            return Optional.of(TomlText.shown(domain) + " is no domain");
        }
        if (selector.length() > SELECTOR_MAX
                || !selector.matches(SELECTOR)
                || !Labels.isName(selector)) {
            return Optional.of(TomlText.shown(selector) + " is no selector");
        }
        if (key.chars().anyMatch(Character::isISOControl) || !isKey()) {
            return Optional.of(
                    TomlText.shown(key) + " is no absolute path of a key; write where it lies");
        }
        for (String author : authors) {
            if (author.startsWith("*.[") || DomainPattern.parse(author).isEmpty()) {
                return Optional.of(TomlText.shown(author) + " is no domain");
            }
        }
        return formComplaint();
    }

    private static boolean isDomain(String text) {
        return DomainName.parse(text)
                .filter(it -> !it.isLiteral() && Labels.isQualified(it.value()))
                .isPresent();
    }

    private boolean isKey() {
        return switch (KeyPlace.parse(key).orElse(new KeyPlace.Pkcs11(""))) {
            case KeyPlace.File(var path) -> path.isAbsolute();
            case KeyPlace.Vault _ -> true;
            case KeyPlace.Pkcs11(String uri) -> !uri.isEmpty();
        };
    }

    private Optional<String> formComplaint() {
        boolean isAllNamed =
                form.headers().stream().allMatch(DkimTable::isField)
                        && form.overSign().stream().allMatch(DkimTable::isField);
        if (!isAllNamed || form.headers().size() + form.overSign().size() > FIELDS_MAX) {
            return Optional.of("its lists of header fields cannot be read");
        }
        if (form.expire().isPresent()
                && (form.expire().get().compareTo(EXPIRE_LEAST) < 0
                        || form.expire().get().compareTo(EXPIRE_MOST) > 0)) {
            return Optional.of(
                    "signatures must hold for "
                            + DurationText.render(EXPIRE_LEAST)
                            + " to "
                            + DurationText.render(EXPIRE_MOST));
        }
        if (form.identity().isPresent()) {
            String text = form.identity().get();
            String host = text.substring(text.lastIndexOf('@') + 1);
            boolean isIdentity =
                    text.indexOf('@') >= 0
                            && text.chars().allMatch(c -> c > ' ' && c <= '~' && c != ';')
                            && isDomain(host)
                            && !domain.equals(EVERY)
                            && Labels.isWithin(Labels.normal(host), Labels.normal(domain));
            return isIdentity
                    ? Optional.empty()
                    : Optional.of(
                            "identity " + TomlText.shown(text) + " does not lie within " + domain);
        }
        return Optional.empty();
    }

    static boolean isField(String name) {
        return name.length() <= FIELD_MAX && name.matches("[!-9;-~]+");
    }

    /// As it stands in a file of ours.
    public String text() {
        var text = new StringBuilder("[[dkim]]\n");
        line(text, "domain", TomlText.quote(domain));
        line(text, "selector", TomlText.quote(selector));
        line(text, "key", TomlText.quote(key));
        if (!authors.isEmpty()) {
            line(text, "authors", list(authors));
        } else if (!hasSubdomains) {
            line(text, "sub-domains", "false");
        }
        form.canonicalization().ifPresent(it -> line(text, "canonicalization", TomlText.quote(it)));
        if (!form.headers().isEmpty()) {
            line(text, "headers", list(form.headers()));
        }
        if (!form.overSign().isEmpty()) {
            line(text, "over-sign", list(form.overSign()));
        }
        form.expire()
                .ifPresent(it -> line(text, "expire", TomlText.quote(DurationText.render(it))));
        form.identity().ifPresent(it -> line(text, "identity", TomlText.quote(it)));
        return text.toString();
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append(key).append(" = ").append(value).append('\n');
    }

    private static String list(List<String> all) {
        return all.stream().map(TomlText::quote).collect(Collectors.joining(", ", "[", "]"));
    }
}
