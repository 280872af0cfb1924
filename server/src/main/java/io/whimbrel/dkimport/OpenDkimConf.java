package io.whimbrel.dkimport;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The parameters of `opendkim.conf` (opendkim.conf(5)); of one that stands twice the last counts.
/// Confined to one thread.
final class OpenDkimConf {
    private static final int INCLUDES_MAX = 5;
    private static final int TTL_DIGITS_MAX = 9;
    private static final String INCLUDE = "include";

    /// Those of signing that ours has no like of, with what to know about them.
    private static final Map<String, String> LOST =
            Map.ofEntries(
                    Map.entry("senderheaders", "ours looks at From alone"),
                    Map.entry("sendermacro", "ours looks at From alone"),
                    Map.entry("bodylengths", "l= is never made, for it lets others add text"),
                    Map.entry("dontsignmailto", "ours does not look at recipients"),
                    Map.entry("omitheaders", "ours signs the fields that `headers` lists"),
                    Map.entry("signaturealgorithm", "the kind of key decides"),
                    Map.entry("mta", "keys are chosen by From, tenants and classes"),
                    Map.entry("macrolist", "keys are chosen by From, tenants and classes"),
                    Map.entry("internalhosts", "all mail that leaves is signed, whoever sent it"),
                    Map.entry("externalignorelist", "see relay-from of `[[listen]]`"),
                    Map.entry("setuppolicyscript", "scripts are not read"),
                    Map.entry("screenpolicyscript", "scripts are not read"),
                    Map.entry("resignall", "see `sign` of `[[dkim]]`"),
                    Map.entry("resignmailto", "ours does not look at recipients"),
                    Map.entry("identityheader", "see `identity` of `[[dkim]]`"),
                    Map.entry("domainkeyscompat", "DomainKeys is historic"),
                    Map.entry("keylist", "run opendkim-convert-keylist first"),
                    Map.entry("vbrtype", "VBR-Info is not made"));

    private final Map<String, Parameter> parameters = new HashMap<>();
    private final List<Remark> remarks = new ArrayList<>();

    /// A line.
    record Parameter(Place place, String value) {}

    private OpenDkimConf() {}

    /// @throws IOException where a file cannot be read, or a line is none
    static OpenDkimConf read(Path file) throws IOException {
        var conf = new OpenDkimConf();
        conf.take(file, 0);
        return conf;
    }

    private void take(Path file, int depth) throws IOException {
        int number = 0;
        for (String whole : SourceFile.lines(SourceFile.text(file))) {
            number++;
            var place = new Place(file.toString(), number);
            int hash = whole.indexOf('#');
            String text = (hash < 0 ? whole : whole.substring(0, hash)).strip();
            if (text.isEmpty()) {
                continue;
            }
            String[] parts = text.split("\\s+", 2);
            String name = parts[0].toLowerCase(Locale.ROOT);
            if (parts.length < 2 || !name.matches("[a-z0-9-]+")) {
                throw new IOException(
                        place + ": a parameter and its value are wanted; is this opendkim.conf?");
            }
            if (!name.equals(INCLUDE)) {
                parameters.put(name, new Parameter(place, parts[1].strip()));
            } else if (depth < INCLUDES_MAX) {
                take(Path.of(parts[1].strip()), depth + 1);
            } else {
                throw new IOException(place + ": more than " + INCLUDES_MAX + " levels of Include");
            }
        }
    }

    Optional<Parameter> find(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    boolean isOn(String name) {
        return find(name).map(it -> it.value().matches("(?i)[ty1].*")).orElse(false);
    }

    /// How signatures are made; with remarks about what ours does otherwise.
    DkimForm form() throws IOException {
        parameters.forEach((name, parameter) -> {
            if (LOST.containsKey(name)) {
                remarks.add(Remark.lost(parameter.place(), name + ": " + LOST.get(name)));
            }
        });
        if (find("canonicalization").isEmpty()) {
            remarks.add(
                    Remark.changed(
                            anywhere(),
                            "OpenDKIM's default is simple/simple, ours relaxed/relaxed"));
        }
        return new DkimForm(
                canonicalization(), headers(), names("oversignheaders"), ttl(), Optional.empty());
    }

    /// The place of some line, for what is said by none.
    Place anywhere() {
        return parameters.values().stream()
                .map(Parameter::place)
                .min((a, b) -> Integer.compare(a.line(), b.line()))
                .orElse(new Place("opendkim.conf", 1));
    }

    List<Remark> remarks() {
        return remarks;
    }

    private Optional<String> canonicalization() throws IOException {
        Optional<Parameter> found = find("canonicalization");
        if (found.isEmpty()) {
            return Optional.empty();
        }
        String text = found.get().value().toLowerCase(Locale.ROOT);
        if (!text.matches("(simple|relaxed)(/(simple|relaxed))?")) {
            throw new IOException(
                    found.get().place()
                            + ": Canonicalization is simple or relaxed, or two of"
                            + " them with a slash");
        }
        // One alone is the header's; the body's is then simple.
        return Optional.of(text.contains("/") ? text : text + "/simple");
    }

    private List<String> headers() throws IOException {
        List<String> names = names("signheaders");
        boolean isDelta =
                names.stream().anyMatch(it -> it.matches("[*+-].*") || !DkimTable.isField(it));
        if (isDelta) {
            remarks.add(
                    Remark.lost(
                            find("signheaders").map(Parameter::place).orElse(anywhere()),
                            "signheaders changes OpenDKIM's own list ("
                                    + String.join(",", names)
                                    + "); ours is another: see `headers` of `[[dkim]]`"));
            return List.of();
        }
        return names;
    }

    private List<String> names(String parameter) throws IOException {
        Optional<Parameter> found = find(parameter);
        return found.isEmpty()
                ? List.of()
                : OpenDkimTable.names(found.get().value(), found.get().place());
    }

    private Optional<Duration> ttl() throws IOException {
        Optional<Parameter> found = find("signaturettl");
        if (found.isEmpty() || found.get().value().equals("0")) {
            return Optional.empty();
        }
        String text = found.get().value();
        if (!text.matches("[0-9]+") || text.length() > TTL_DIGITS_MAX) {
            throw new IOException(found.get().place() + ": SignatureTTL is a number of seconds");
        }
        return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
}
