package io.whimbrel.dkimport;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The directives `dkim-*`, or `second-dkim-*`, that hold for mail to everywhere. Confined to one
/// thread.
final class PmtaForm {
    private static final Pattern TIME = Pattern.compile("([0-9]{1,9})([wdhms])");
    private static final Map<String, Duration> UNITS =
            Map.of(
                    "w", Duration.ofDays(7),
                    "d", Duration.ofDays(1),
                    "h", Duration.ofHours(1),
                    "m", Duration.ofMinutes(1),
                    "s", Duration.ofSeconds(1));

    /// Of a domain by itself they are told; they do not make a signature another one.
    private static final List<String> HARMLESS =
            List.of("add-timestamp", "query-method", "sign", "identity", "identity-fallback");

    private final Map<String, PmtaLine> found = new HashMap<>();
    private final String prefix;

    /// @param prefix of the directives
    PmtaForm(String prefix, List<PmtaLine> lines, Imported.Collector collector) {
        this.prefix = prefix;
        for (PmtaLine line : lines) {
            if (line.name().startsWith(prefix)) {
                take(line, line.name().substring(prefix.length()), collector);
            }
        }
    }

    /// What holds for all virtual MTAs counts more than what holds for one.
    private void take(PmtaLine line, String name, Imported.Collector collector) {
        if (!line.destination().equals(DkimTable.EVERY)) {
            if (!HARMLESS.contains(name)) {
                collector.add(
                        Remark.lost(
                                line.place(),
                                line.name()
                                        + " for mail to "
                                        + line.destination()
                                        + " alone; ours makes one form for all destinations"));
            }
            return;
        }
        Optional<PmtaLine> before = Optional.ofNullable(found.get(name));
        boolean isWider =
                before.isEmpty() || line.sender().isEmpty() || !before.get().sender().isEmpty();
        if (before.isPresent() && !before.get().value().equals(line.value())) {
            PmtaLine lost = isWider ? before.get() : line;
            collector.add(
                    Remark.lost(
                            lost.place(),
                            lost.name()
                                    + " "
                                    + lost.value()
                                    + ": said otherwise at "
                                    + (isWider ? line : before.get()).place()));
        }
        if (isWider) {
            found.put(name, line);
        }
    }

    Optional<PmtaLine> find(String name) {
        return Optional.ofNullable(found.get(name));
    }

    /// @throws IOException where a value is none, with place and remedy
    DkimForm form(Imported.Collector collector) throws IOException {
        find("algorithm")
                .filter(it -> it.value().equalsIgnoreCase("rsa-sha1"))
                .ifPresent(it ->
                        collector.add(
                                Remark.changed(
                                        it.place(),
                                        "rsa-sha1 counts for nothing any more (RFC 8301); ours"
                                                + " signs rsa-sha256")));
        find("add-body-limit")
                .filter(PmtaLine::isOn)
                .ifPresent(it ->
                        collector.add(
                                Remark.changed(
                                        it.place(),
                                        "l= is never made, for it lets others add text")));
        Optional<String> canonicalization =
                find("headers-canon").isEmpty() && find("body-canon").isEmpty()
                        ? Optional.empty()
                        : Optional.of(canon("headers-canon") + "/" + canon("body-canon"));
        return new DkimForm(
                canonicalization,
                names("headers"),
                names("disallow-adding-headers"),
                expire(),
                Optional.empty());
    }

    private String canon(String name) throws IOException {
        Optional<PmtaLine> line = find(name);
        String value = line.map(it -> it.value().toLowerCase(Locale.ROOT)).orElse("relaxed");
        if (!value.equals("relaxed") && !value.equals("simple")) {
            throw new IOException(
                    line.orElseThrow().place() + ": " + prefix + name + " is simple or relaxed");
        }
        return value;
    }

    private List<String> names(String name) {
        return find(name)
                .map(it ->
                        Arrays.stream(it.value().split("[,:\\s]+"))
                                .filter(one -> !one.isEmpty())
                                .toList())
                .orElse(List.of());
    }

    private Optional<Duration> expire() throws IOException {
        Optional<PmtaLine> line = find("expire-after");
        if (line.isEmpty() || line.get().value().matches("(?i)never|0|")) {
            return Optional.empty();
        }
        String value = line.get().value().toLowerCase(Locale.ROOT);
        var total = Duration.ZERO;
        int end = 0;
        Matcher part = TIME.matcher(value);
        while (part.find() && part.start() == end) {
            total =
                    total.plus(
                            UNITS.getOrDefault(part.group(2), Duration.ZERO)
                                    .multipliedBy(Long.parseLong(part.group(1))));
            end = part.end();
        }
        if (end != value.length()) {
            throw new IOException(
                    line.get().place()
                            + ": "
                            + prefix
                            + "expire-after is a time such as 7d, or"
                            + " never");
        }
        return Optional.of(total);
    }
}
