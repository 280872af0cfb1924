package io.whimbrel.dkimport;

import io.whimbrel.dkim.Labels;

import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Reads `dkim_data.toml` of KumoMTA's policy-extras/dkim_sign.lua: `[base]`, `[domain."x"]` and
/// `[signature."x"]`. Confined to one thread.
public final class KumoDkimImport {
    private static final String KEY_FOLDER = "/opt/kumomta/etc/dkim";
    private static final String SENDER = "{domain}";
    private static final long SECONDS_MAX = 1_000_000_000L;

    private static final Set<String> BASE =
            Set.of("vault_mount", "vault_path_prefix", "additional_signatures");

    private static final Set<String> KNOWN =
            Set.of(
                    "selector",
                    "headers",
                    "policy",
                    "algo",
                    "expiration",
                    "filename",
                    "key",
                    "domain",
                    "header_canonicalization",
                    "body_canonicalization",
                    "over_sign");

    private final Imported.Collector collector = new Imported.Collector();
    private final String file;
    private final TomlTable base;

    private KumoDkimImport(String file, TomlTable document) {
        this.file = file;
        this.base = document.get(List.of("base")) instanceof TomlTable it ? it : Toml.parse("");
    }

    /// @throws IOException where it cannot be read or is no TOML, with place and remedy
    public static Imported read(Path file) throws IOException {
        return read(file.toString(), SourceFile.text(file));
    }

    static Imported read(String file, String text) throws IOException {
        TomlParseResult document = Toml.parse(text);
        if (document.hasErrors()) {
            var error = document.errors().getFirst();
            throw new IOException(
                    new Place(file, error.position().line()) + ": " + error.getMessage());
        }
        var reader = new KumoDkimImport(file, document);
        reader.run(document);
        return reader.collector.imported();
    }

    private void run(TomlTable document) throws IOException {
        for (String name : document.keySet()) {
            if (!Set.of("base", "domain", "signature").contains(name)) {
                throw new IOException(
                        place(document, name)
                                + ": there is no block "
                                + name
                                + " in dkim_data.toml; is this another file?");
            }
            if (!(document.get(List.of(name)) instanceof TomlTable)) {
                throw new IOException(place(document, name) + ": " + name + " is no table");
            }
        }
        tellUnknown(base, true);
        for (Block block : blocks(document, "domain")) {
            write(block, Labels.normal(block.name()), false);
        }
        List<Block> signatures = blocks(document, "signature");
        Set<String> used = new HashSet<>();
        for (String name : strings(base, "additional_signatures")) {
            Optional<Block> block =
                    signatures.stream().filter(it -> it.name().equals(name)).findFirst();
            if (block.isEmpty()) {
                throw new IOException(
                        place(base, "additional_signatures")
                                + ": there is no [signature.\""
                                + name
                                + "\"]");
            }
            if (used.add(name)) {
                write(block.get(), Labels.normal(text(block.get().table(), "domain")), true);
            }
        }
        signatures.stream()
                .filter(it -> !used.contains(it.name()))
                .forEach(it ->
                        collector.add(
                                Remark.lost(
                                        it.place(),
                                        "additional_signatures does not name signature "
                                                + it.name())));
    }

    /// `[domain."x"]` or `[signature."x"]`.
    private record Block(Place place, String name, TomlTable table) {}

    private List<Block> blocks(TomlTable document, String kind) throws IOException {
        List<Block> blocks = new ArrayList<>();
        if (!(document.get(List.of(kind)) instanceof TomlTable all)) {
            return blocks;
        }
        for (String name : all.keySet()) {
            Place place = place(all, name);
            if (!(all.get(List.of(name)) instanceof TomlTable table)) {
                throw new IOException(
                        place
                                + ": "
                                + kind
                                + " is a table of tables: ["
                                + kind
                                + ".\"example.com\"]");
            }
            tellUnknown(table, false);
            blocks.add(new Block(place, name, table));
        }
        return blocks;
    }

    private void tellUnknown(TomlTable table, boolean isBase) {
        for (String name : table.keySet()) {
            if (!KNOWN.contains(name) && !(isBase && BASE.contains(name))) {
                collector.add(Remark.lost(place(table, name), name + " is not known here"));
            }
        }
    }

    /// @param domain that signs, or a pattern of domains that sign for themselves
    private void write(Block block, String domain, boolean isForAll) throws IOException {
        TomlTable table = block.table();
        String selector = text(table, "selector");
        if (selector.isEmpty()) {
            throw new IOException(block.place() + ": neither it nor [base] says a selector");
        }
        boolean isPattern = domain.startsWith("*");
        String signs = isPattern ? DkimTable.EVERY : domain;
        tellPolicy(block, isForAll);
        Optional<String> key = key(block, isPattern ? SENDER : domain, selector);
        DkimForm form = form(table);
        if (key.isEmpty()) {
            return;
        }
        List<String> authors =
                isForAll
                        ? List.of(DkimTable.EVERY)
                        : isPattern && !domain.equals(DkimTable.EVERY)
                                ? List.of(domain)
                                : List.of();
        collector.add(
                new DkimTable(block.place(), signs, selector, key.get(), authors, isPattern, form));
    }

    private void tellPolicy(Block block, boolean isForAll) {
        String policy = text(block.table(), "policy");
        if (policy.isEmpty() || policy.equals("Always") || policy.equals("SignAlways")) {
            return;
        }
        Place place =
                block.table().contains("policy") ? place(block.table(), "policy") : block.place();
        collector.add(
                isForAll && policy.equals("OnlyIfMissingDomainBlock")
                        ? Remark.changed(
                                place,
                                "policy OnlyIfMissingDomainBlock: ours signs all mail so, also"
                                        + " where the author's domain signs; narrow it down by"
                                        + " `authors`")
                        : Remark.changed(place, "policy " + policy + ": ours always signs"));
    }

    private Optional<String> key(Block block, String domain, String selector) {
        TomlTable table = block.table();
        if (table.get(List.of("key")) instanceof TomlTable key) {
            return ofVault(
                    key.contains("vault_path") ? place(key, "vault_path") : block.place(),
                    own(key, "vault_mount"),
                    own(key, "vault_path"),
                    own(key, "vault_key"));
        }
        String named = own(table, "key").isEmpty() ? own(table, "filename") : own(table, "key");
        String mount = own(base, "vault_mount");
        if (!mount.isEmpty()) {
            String prefix = own(base, "vault_path_prefix");
            String path =
                    (prefix.isEmpty() ? "dkim" : prefix) + "/" + domain + "/" + selector + ".key";
            return ofVault(block.place(), mount, named.isEmpty() ? path : named, "");
        }
        return Optional.of(
                named.isEmpty() ? KEY_FOLDER + "/" + domain + "/" + selector + ".key" : named);
    }

    private Optional<String> ofVault(Place place, String mount, String path, String field) {
        String plain = path.replaceAll("/+", "/").replaceAll("^/|/$", "");
        if (mount.isEmpty() || mount.contains("/") || plain.isEmpty()) {
            collector.add(
                    Remark.lost(
                            place,
                            "only files and Vault, with a mount of one name, are places of keys:"
                                    + " write key = \"vault:MOUNT/PATH#FIELD\""));
            return Optional.empty();
        }
        if (plain.contains(SENDER)) {
            collector.add(
                    Remark.lost(
                            place, "a secret of Vault for each domain: write a table for each"));
            return Optional.empty();
        }
        return Optional.of(
                "vault:" + mount + "/" + plain + "#" + (field.isEmpty() ? "key" : field));
    }

    private DkimForm form(TomlTable table) {
        List<String> headers = strings(table, "headers");
        boolean isOverSigned = "true".equals(text(table, "over_sign"));
        String header = text(table, "header_canonicalization").toLowerCase(Locale.ROOT);
        String body = text(table, "body_canonicalization").toLowerCase(Locale.ROOT);
        Optional<String> canonicalization =
                header.isEmpty() && body.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                (header.equals("simple") ? "simple" : "relaxed")
                                        + "/"
                                        + (body.equals("simple") ? "simple" : "relaxed"));
        return new DkimForm(
                canonicalization,
                headers,
                isOverSigned ? headers : List.of(),
                expire(table),
                Optional.empty());
    }

    private Optional<Duration> expire(TomlTable table) {
        String text = text(table, "expiration");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            long seconds = (long) Double.parseDouble(text);
            return seconds > 0 && seconds < SECONDS_MAX
                    ? Optional.of(Duration.ofSeconds(seconds))
                    : Optional.empty();
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    /// A value of `table`, else of `[base]`; `""` where there is none.
    private String text(TomlTable table, String name) {
        String own = own(table, name);
        return own.isEmpty() ? own(base, name) : own;
    }

    private static String own(TomlTable table, String name) {
        return Optional.ofNullable(table.get(List.of(name)))
                .filter(it -> it instanceof String || it instanceof Number || it instanceof Boolean)
                .map(String::valueOf)
                .orElse("");
    }

    private List<String> strings(TomlTable table, String name) {
        TomlTable from = table.contains(List.of(name)) ? table : base;
        List<String> all = new ArrayList<>();
        if (from.get(List.of(name)) instanceof TomlArray array) {
            for (int i = 0; i < array.size(); i++) {
                if (array.get(i) instanceof String text) {
                    all.add(text);
                }
            }
        }
        return all;
    }

    private Place place(TomlTable table, String key) {
        var position = table.inputPositionOf(List.of(key));
        return new Place(file, position == null ? 1 : position.line());
    }
}
