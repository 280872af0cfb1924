package io.whimbrel.dkimport;

import io.whimbrel.dkim.Labels;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads what OpenDKIM signs: KeyTable and SigningTable, or `opendkim.conf`. Confined to one
/// thread.
public final class OpenDkimImport {
    private static final String SENDER = "%";
    private static final int KEY_PARTS = 3;

    private final Imported.Collector collector = new Imported.Collector();
    private final Optional<Path> keyFolder;
    private final DkimForm form;
    private final boolean isMultiple;
    private final Set<String> used = new HashSet<>();

    /// A line of the key table.
    ///
    /// @param domain `%` for the sender's
    private record Key(Place place, String domain, String selector, String value) {}

    /// A key, and on whose behalf it signs.
    private record Target(Key key, Optional<String> identity) {}

    /// A line of the signing table that is for somebody.
    private record Line(Place place, Authors authors, String keyName, Optional<String> identity) {}

    private OpenDkimImport(Optional<Path> keyFolder, DkimForm form, boolean isMultiple) {
        this.keyFolder = keyFolder;
        this.form = form;
        this.isMultiple = isMultiple;
    }

    /// Of two tables, each a file or as a parameter of OpenDKIM says it (`refile:/path`).
    ///
    /// @param keyFolder where keys that stand in the table itself will be written
    /// @throws IOException where one cannot be read, with place and remedy
    public static Imported ofTables(String keyTable, String signingTable, Optional<Path> keyFolder)
            throws IOException {
        var reader = new OpenDkimImport(keyFolder, DkimForm.UNSAID, false);
        reader.tables(OpenDkimTable.guessed(keyTable), OpenDkimTable.guessed(signingTable));
        return reader.collector.imported();
    }

    /// Of `opendkim.conf` and what it names.
    ///
    /// @throws IOException where one cannot be read, with place and remedy
    public static Imported ofConf(Path file, Optional<Path> keyFolder) throws IOException {
        OpenDkimConf conf = OpenDkimConf.read(file);
        DkimForm form = conf.form();
        var reader = new OpenDkimImport(keyFolder, form, conf.isOn("multiplesignatures"));
        conf.remarks().stream()
                .sorted(Comparator.comparingInt(it -> it.place().line()))
                .forEach(reader.collector::add);
        Optional<OpenDkimConf.Parameter> keys = conf.find("keytable");
        Optional<OpenDkimConf.Parameter> signing = conf.find("signingtable");
        if (keys.isPresent() && signing.isPresent()) {
            reader.tables(
                    OpenDkimTable.read(keys.get().value(), keys.get().place()),
                    OpenDkimTable.read(signing.get().value(), signing.get().place()));
        } else if (keys.isPresent() || signing.isPresent()) {
            throw new IOException(
                    keys.or(() -> signing).orElseThrow().place()
                            + ": KeyTable and SigningTable are of use together only");
        } else {
            reader.single(conf);
        }
        return reader.collector.imported();
    }

    private void single(OpenDkimConf conf) throws IOException {
        Optional<OpenDkimConf.Parameter> domain = conf.find("domain");
        Optional<OpenDkimConf.Parameter> selector = conf.find("selector");
        Optional<OpenDkimConf.Parameter> keyFile = conf.find("keyfile");
        if (domain.isEmpty() || selector.isEmpty() || keyFile.isEmpty()) {
            throw new IOException(
                    conf.anywhere()
                            + ": it signs nothing: neither KeyTable and SigningTable, nor"
                            + " Domain, Selector and KeyFile");
        }
        for (String name : OpenDkimTable.names(domain.get().value(), domain.get().place())) {
            collector.add(
                    new DkimTable(
                            domain.get().place(),
                            Labels.normal(name),
                            selector.get().value(),
                            keyFile.get().value(),
                            List.of(),
                            conf.isOn("subdomains"),
                            form));
        }
    }

    private void tables(OpenDkimTable keyTable, OpenDkimTable signingTable) throws IOException {
        Map<String, Key> keys = new LinkedHashMap<>();
        for (OpenDkimTable.Line line : keyTable.lines()) {
            String[] parts = line.value().split(":", KEY_PARTS);
            if (parts.length < KEY_PARTS) {
                throw new IOException(
                        line.place()
                                + ": a key is NAME DOMAIN:SELECTOR:PATH; is this the KeyTable?");
            }
            keys.putIfAbsent(
                    line.key(),
                    new Key(line.place(), parts[0].strip(), parts[1].strip(), parts[2].strip()));
        }
        Map<Target, List<Line>> all = new LinkedHashMap<>();
        for (Line line : lines(signingTable)) {
            for (Target target : targets(line, keys)) {
                all.computeIfAbsent(target, _ -> new ArrayList<>()).add(line);
            }
        }
        for (Map.Entry<Target, List<Line>> one : all.entrySet()) {
            write(one.getKey(), one.getValue());
        }
        keys.forEach((name, key) -> {
            if (!used.contains(name)) {
                collector.add(
                        Remark.lost(key.place(), "no line of the SigningTable names this key"));
            }
        });
    }

    /// Those that are reached, in the order in which OpenDKIM looks at them.
    private List<Line> lines(OpenDkimTable table) throws IOException {
        List<Line> lines = new ArrayList<>();
        for (OpenDkimTable.Line line : table.lines()) {
            if (line.value().isEmpty()) {
                throw new IOException(
                        line.place() + ": a line is PATTERN KEYNAME; is this the SigningTable?");
            }
            String[] parts = line.value().split(":", 2);
            Optional<String> identity =
                    parts.length < 2 ? Optional.empty() : Optional.of(parts[1].strip());
            Authors authors = Authors.parse(line.key(), table.isPatterns());
            if (authors instanceof Authors.Unsaid(String reason)) {
                collector.add(Remark.lost(line.place(), line.key() + " " + reason));
            } else {
                lines.add(new Line(line.place(), authors, parts[0].strip(), identity));
            }
        }
        if (!table.isPatterns()) {
            lines.sort(Comparator.comparingInt(it -> it.authors().order()));
        }
        return isMultiple ? lines : reached(lines);
    }

    private List<Line> reached(List<Line> lines) {
        List<Line> reached = new ArrayList<>();
        for (Line line : lines) {
            Optional<Line> before =
                    reached.stream().filter(it -> it.authors().covers(line.authors())).findFirst();
            if (before.isPresent()) {
                collector.add(
                        Remark.lost(
                                line.place(),
                                "is never reached, for "
                                        + before.get().place()
                                        + " matches first, and MultipleSignatures is off"));
            } else {
                reached.add(line);
            }
        }
        return reached;
    }

    private List<Target> targets(Line line, Map<String, Key> keys) {
        List<Target> found = new ArrayList<>();
        if (line.keyName().equals(SENDER)) {
            keys.forEach((name, key) -> {
                if (line.authors().covers(new Authors.Exactly(Labels.normal(name)))) {
                    used.add(name);
                    found.add(new Target(key, line.identity()));
                }
            });
        } else if (keys.containsKey(line.keyName())) {
            used.add(line.keyName());
            found.add(new Target(keys.get(line.keyName()), line.identity()));
        }
        if (found.isEmpty()) {
            collector.add(Remark.lost(line.place(), "the KeyTable has no key " + line.keyName()));
        }
        return found;
    }

    private void write(Target target, List<Line> lines) {
        Key key = target.key();
        if (key.domain().equals(SENDER)) {
            lines.forEach(line -> writeSenders(target, line));
            return;
        }
        String domain = Labels.normal(key.domain());
        Place place = lines.getFirst().place();
        var own = new Authors.Exactly(domain);
        var below = new Authors.Below(domain);
        List<Authors> authors = new ArrayList<>(lines.stream().map(Line::authors).toList());
        if (authors.contains(own)) {
            boolean hasSubdomains = authors.contains(below);
            authors.removeIf(it -> it.equals(own) || it.equals(below));
            add(place, domain, target, List.of(), hasSubdomains);
        }
        if (!authors.isEmpty()) {
            add(
                    place,
                    domain,
                    target,
                    authors.stream().map(Authors::text).flatMap(Optional::stream).toList(),
                    true);
        }
        if (!isMultiple && authors.contains(new Authors.Every())) {
            collector.add(
                    Remark.changed(
                            place,
                            "all mail gets the signature of "
                                    + domain
                                    + ", in addition to that of"
                                    + " its own domain; OpenDKIM made only the first that"
                                    + " matched"));
        }
    }

    /// Where the sender's own domain signs.
    private void writeSenders(Target target, Line line) {
        switch (line.authors()) {
            case Authors.Exactly(String domain) ->
                    add(line.place(), domain, target, List.of(), false);
            case Authors.Every() -> add(line.place(), DkimTable.EVERY, target, List.of(), true);
            case Authors.Below(String domain) ->
                    add(line.place(), DkimTable.EVERY, target, List.of("*." + domain), true);
            case Authors.Unsaid _ -> {}
        }
    }

    private void add(
            Place place,
            String domain,
            Target target,
            List<String> authors,
            boolean hasSubdomains) {
        Key key = target.key();
        Optional<String> file = file(key, domain);
        if (file.isEmpty()) {
            return;
        }
        Optional<String> identity = target.identity().map(it -> it.replace(SENDER, domain));
        var table =
                new DkimTable(
                        place,
                        domain,
                        key.selector(),
                        file.get(),
                        authors,
                        hasSubdomains,
                        form.withIdentity(identity));
        var plain =
                new DkimTable(
                        place, domain, key.selector(), file.get(), authors, hasSubdomains, form);
        boolean isRefused =
                identity.isPresent()
                        && table.complaint().isPresent()
                        && plain.complaint().isEmpty();
        if (isRefused) {
            collector.add(Remark.lost(place, table.complaint().get()));
        }
        collector.add(isRefused ? plain : table);
    }

    /// As our key says where it lies.
    private Optional<String> file(Key key, String domain) {
        String value = key.value();
        if (value.startsWith("/") || value.startsWith("./") || value.startsWith("../")) {
            boolean isSenders = key.domain().equals(SENDER);
            return Optional.of(
                    value.replace(
                            SENDER,
                            isSenders && domain.equals(DkimTable.EVERY) ? "{domain}" : domain));
        }
        if (keyFolder.isEmpty()) {
            collector.add(
                    Remark.lost(
                            key.place(),
                            "the key stands in the table itself; with --out it is written into a"
                                    + " file"));
            return Optional.empty();
        }
        Optional<String> pem = InlinePem.of(value);
        if (pem.isEmpty()) {
            collector.add(
                    Remark.lost(key.place(), "what stands for the key is neither a path nor one"));
            return Optional.empty();
        }
        String name =
                (key.domain().equals(SENDER) ? "any" : Labels.normal(key.domain()))
                        + "-"
                        + key.selector()
                        + ".pem";
        String safe = name.replaceAll("[^A-Za-z0-9._-]", "_");
        collector.add(new Imported.InlineKey(safe, pem.get()));
        return Optional.of(keyFolder.get().toAbsolutePath().normalize().resolve(safe).toString());
    }
}
