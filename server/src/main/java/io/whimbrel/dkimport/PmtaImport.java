package io.whimbrel.dkimport;

import io.whimbrel.dkim.Labels;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Reads the keys of a PowerMTA configuration, `domain-key` and the directives `dkim-*`. Confined
/// to one thread.
public final class PmtaImport {
    private static final String VAULT = "{vault}:";
    private static final int KEY_PARTS = 3;
    private static final int MACRO_DEPTH_MAX = 5;

    private final Imported.Collector collector = new Imported.Collector();
    private final List<PmtaLine> lines;
    private final List<Key> keys = new ArrayList<>();
    private final Map<String, List<String>> macros = new HashMap<>();

    /// A `domain-key`.
    private record Key(PmtaLine line, String domain, String selector, String file) {}

    private PmtaImport(List<PmtaLine> lines) {
        this.lines = lines;
    }

    /// @throws IOException where a file cannot be read, or a directive is none, with place and
    ///   remedy
    public static Imported read(Path file) throws IOException {
        PmtaFile source = PmtaFile.read(file);
        var reader = new PmtaImport(source.lines());
        source.remarks().forEach(reader.collector::add);
        reader.run();
        return reader.collector.imported();
    }

    private void run() throws IOException {
        for (PmtaLine line : lines) {
            if (line.name().equals("domain-macro")) {
                String[] parts = line.value().split("\\s+", 2);
                macros.put(parts[0], parts.length < 2 ? List.of() : list(parts[1]));
            }
        }
        for (PmtaLine line : lines) {
            take(line);
        }
        var first = new PmtaForm("dkim-", lines, collector);
        DkimForm form = first.form(collector);
        tellWhatIsSigned();
        for (int i = 0; i < keys.size(); i++) {
            write(keys.get(i), keys.subList(0, i), form);
        }
        sign(first, form);
        var second = new PmtaForm("second-dkim-", lines, collector);
        if (second.find("sign").map(PmtaLine::isOn).orElse(false)) {
            sign(second, second.form(collector));
        }
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(it -> !it.isEmpty())
                .toList();
    }

    private void take(PmtaLine line) throws IOException {
        switch (line.name()) {
            case "domain-key" -> takeKey(line);
            case "process-x-dkim-options", "process-x-dkim-key" -> {
                if (line.isOn()) {
                    collector.add(
                            Remark.lost(
                                    line.place(),
                                    line.name()
                                            + ": a message does not choose its key; write"
                                            + " `tenants` or `classes`"));
                }
            }
            case "server-url", "server" -> {
                if (line.isIn("vault")) {
                    collector.add(
                            Remark.changed(
                                    line.place(),
                                    "write [vault] address = \""
                                            + line.value()
                                            + "\" and token-file; the token is not copied"));
                }
            }
            case "dkim-identity-fallback" ->
                    collector.add(
                            Remark.lost(
                                    line.place(),
                                    "dkim-identity-fallback "
                                            + line.value()
                                            + ": for mail that"
                                            + " has no key of its own; ours signs by `authors`,"
                                            + " in addition"));
            default -> {}
        }
    }

    private void takeKey(PmtaLine line) throws IOException {
        List<String> parts =
                Arrays.stream(line.value().split(",", KEY_PARTS)).map(String::strip).toList();
        if (parts.size() < KEY_PARTS || parts.stream().anyMatch(String::isEmpty)) {
            throw new IOException(
                    line.place() + ": it is domain-key SELECTOR,DOMAIN,FILE with commas");
        }
        if (line.isIn("domain-key-list")) {
            collector.add(
                    Remark.lost(
                            line.place(),
                            "key "
                                    + parts.get(0)
                                    + " of "
                                    + parts.get(1)
                                    + " was for messages that name its list; write a table with"
                                    + " `tenants` or `classes`"));
            return;
        }
        for (String domain : expanded(parts.get(1), 0)) {
            keys.add(new Key(line, Labels.normal(domain), parts.get(0), parts.get(2)));
        }
    }

    private List<String> expanded(String domain, int depth) {
        int dollar = domain.indexOf('$');
        if (dollar < 0 || depth > MACRO_DEPTH_MAX) {
            return List.of(domain);
        }
        int end = dollar + 1;
        while (end < domain.length() && domain.substring(end, end + 1).matches("[A-Za-z0-9_-]")) {
            end++;
        }
        List<String> all = new ArrayList<>();
        String name = domain.substring(dollar + 1, end);
        for (String value : macros.getOrDefault(name, List.of())) {
            all.addAll(
                    expanded(
                            domain.substring(0, dollar) + value + domain.substring(end),
                            depth + 1));
        }
        return all.isEmpty() ? List.of(domain) : all;
    }

    /// PowerMTA signs by where mail goes; ours by whose it is.
    private void tellWhatIsSigned() {
        List<PmtaLine> all = lines.stream().filter(it -> it.name().equals("dkim-sign")).toList();
        boolean isOnForAll =
                all.stream().anyMatch(it -> it.isOn() && it.destination().equals(DkimTable.EVERY));
        if (keys.isEmpty()) {
            return;
        }
        if (all.stream().noneMatch(PmtaLine::isOn)) {
            collector.add(
                    Remark.changed(
                            keys.getFirst().line().place(),
                            "dkim-sign is on nowhere, so that PowerMTA signed nothing; with these"
                                    + " tables mail is signed"));
        }
        for (PmtaLine line : all) {
            boolean isEvery = line.destination().equals(DkimTable.EVERY);
            if (!isEvery && line.isOn() != isOnForAll) {
                collector.add(
                        Remark.changed(
                                line.place(),
                                "mail to "
                                        + line.destination()
                                        + (line.isOn() ? " alone was signed" : " was not signed")
                                        + "; ours is signed wherever it goes"));
            }
        }
    }

    private void write(Key key, List<Key> earlier, DkimForm form) {
        Place place = key.line().place();
        for (Key before : earlier) {
            if (!before.line().sender().equals(key.line().sender())) {
                continue;
            }
            if (before.domain().equals(key.domain())) {
                if (!before.selector().equals(key.selector())) {
                    collector.add(
                            Remark.lost(
                                    place,
                                    "PowerMTA used the first key of "
                                            + key.domain()
                                            + ", "
                                            + before.line().place()));
                }
                return;
            }
            if (Labels.isWithin(key.domain(), before.domain())) {
                collector.add(
                        Remark.changed(
                                place,
                                "PowerMTA took the key of "
                                        + before.domain()
                                        + ", which stands first; ours takes that of the longest"
                                        + " domain, "
                                        + key.domain()));
            }
        }
        if (!key.line().sender().isEmpty()) {
            collector.add(
                    Remark.changed(
                            place,
                            "was for mail of "
                                    + key.line().sender()
                                    + " alone; ours is for all"
                                    + " mail from "
                                    + key.domain()
                                    + ", or write `tenants` or `classes`"));
        }
        file(key)
                .ifPresent(file ->
                        collector.add(
                                new DkimTable(
                                        place,
                                        key.domain(),
                                        key.selector(),
                                        file,
                                        List.of(),
                                        true,
                                        form)));
    }

    /// Where all mail is signed as one domain.
    private void sign(PmtaForm directives, DkimForm form) {
        Optional<PmtaLine> line = directives.find("identity");
        String identity = line.map(it -> it.value().toLowerCase(Locale.ROOT)).orElse("");
        if (line.isEmpty() || identity.equals("sender-or-from") || identity.isEmpty()) {
            return;
        }
        Place place = line.get().place();
        String domain = Labels.normal(identity.substring(identity.lastIndexOf('@') + 1));
        Optional<Key> key =
                keys.stream()
                        .filter(it ->
                                it.domain().equals(DkimTable.EVERY)
                                        || Labels.isWithin(domain, it.domain()))
                        .findFirst();
        if (key.isEmpty()) {
            collector.add(Remark.lost(place, "there is no domain-key for " + identity));
            return;
        }
        String signs = key.get().domain().equals(DkimTable.EVERY) ? domain : key.get().domain();
        String said = identity.indexOf('@') < 0 ? "@" + identity : identity;
        file(key.get())
                .ifPresent(file ->
                        collector.add(
                                new DkimTable(
                                        place,
                                        signs,
                                        key.get().selector(),
                                        file,
                                        List.of(DkimTable.EVERY),
                                        true,
                                        form.withIdentity(Optional.of(said)))));
        if (!line.get().name().startsWith("second-")) {
            collector.add(
                    Remark.changed(
                            place,
                            "PowerMTA signed all mail as "
                                    + identity
                                    + " alone; other keys sign"
                                    + " mail from their own domains now, too"));
        }
    }

    private Optional<String> file(Key key) {
        if (!key.file().startsWith(VAULT)) {
            return Optional.of(key.file());
        }
        String text = key.file().substring(VAULT.length());
        int colon = text.lastIndexOf(':');
        String path = colon < 0 ? "" : text.substring(0, colon).replaceAll("^/+|/+$", "");
        int slash = path.indexOf('/');
        if (slash <= 0 || path.matches(".*[{}$].*")) {
            collector.add(
                    Remark.lost(
                            key.line().place(),
                            "the path in Vault must be written out: key ="
                                    + " \"vault:MOUNT/PATH#FIELD\""));
            return Optional.empty();
        }
        // Vault's own interface has data/ there; the command line and ours have not.
        String below = path.substring(slash + 1).replaceFirst("^data/", "");
        return Optional.of(
                "vault:"
                        + path.substring(0, slash)
                        + "/"
                        + below
                        + "#"
                        + text.substring(colon + 1));
    }
}
