package io.whimbrel.config;

import io.whimbrel.dkim.Labels;
import io.whimbrel.mail.DomainName;
import io.whimbrel.signing.DkimRule.Identity;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What no single key of `[[dkim]]` shows. Confined to one thread.
final class DkimChecks {
    private final FileValues values;
    private final MailClasses classes;
    private final Findings findings;
    private final Set<String> tenants = new TreeSet<>();

    /// Where each key was first named, by domain and selector.
    private final Map<String, TableValues> named = new HashMap<>();

    DkimChecks(FileValues values, MailClasses classes, Findings findings) {
        this.values = values;
        this.classes = classes;
        this.findings = findings;
        values.all(TenantKeys.TENANT)
                .forEach(it -> it.find(TenantKeys.NAME).ifPresent(tenants::add));
    }

    void run() {
        for (TableValues table : values.all(DkimKeys.DKIM)) {
            checkNames(table, DkimKeys.TENANTS, tenants);
            classes.checkAll(table, DkimKeys.CLASSES, findings);
            checkIdentity(table);
            checkTwice(table);
            boolean isWithoutEffect =
                    table.find(DkimKeys.AUTHORS).isPresent()
                            && table.isWritten(DkimKeys.SUB_DOMAINS);
            if (isWithoutEffect) {
                findings.warn(
                        table.placeOf(DkimKeys.SUB_DOMAINS),
                        "sub-domains: without effect, for `authors` says which domains");
            }
        }
    }

    private void checkNames(TableValues table, Key<List<String>> key, Set<String> known) {
        for (String name : table.find(key).orElse(List.of())) {
            if (!known.isEmpty() && !known.contains(name)) {
                findings.error(
                        table.placeOf(key),
                        key.name() + ": there is no [[tenant]] " + TomlText.quote(name),
                        String.join(", ", known),
                        Optional.empty());
            }
        }
    }

    /// RFC 6376 §3.5: `i=` lies within `d=`.
    private void checkIdentity(TableValues table) {
        Optional<DomainName> domain = table.find(DkimKeys.DOMAIN).flatMap(it -> it);
        Optional<Identity> identity = table.find(DkimKeys.IDENTITY);
        if (identity.isPresent() && identity.get() instanceof Identity.Fixed(String text)) {
            String host = text.substring(text.lastIndexOf('@') + 1);
            if (domain.isEmpty() || !Labels.isWithin(host, domain.get().value())) {
                findings.error(
                        table.placeOf(DkimKeys.IDENTITY),
                        "identity: "
                                + TomlText.quote(text)
                                + " does not lie within "
                                + TomlText.quote(domain.map(DomainName::value).orElse("*"))
                                + ", so that nobody could verify it");
            }
        }
    }

    /// One selector is one key: two of them for the same mail would be a slip of the pen.
    private void checkTwice(TableValues table) {
        Optional<Optional<DomainName>> domain = table.find(DkimKeys.DOMAIN);
        Optional<String> selector = table.find(DkimKeys.SELECTOR);
        if (domain.isEmpty() || selector.isEmpty()) {
            return;
        }
        String name = selector.get() + " of " + domain.get().map(DomainName::value).orElse("*");
        TableValues first = named.putIfAbsent(name, table);
        if (first != null && !first.rendered(DkimKeys.KEY).equals(table.rendered(DkimKeys.KEY))) {
            findings.error(
                    table.placeOf(DkimKeys.SELECTOR),
                    "selector: "
                            + name
                            + " has another key in line "
                            + first.placeOf(DkimKeys.SELECTOR).line());
        }
    }
}
