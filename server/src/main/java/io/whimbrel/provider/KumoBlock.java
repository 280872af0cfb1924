package io.whimbrel.provider;

import io.whimbrel.provider.KumoImport.Outcome;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind.Reading;

import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One block of KumoMTA's shaping file, as a provider file of ours. Confined to one thread.
final class KumoBlock {

    /// Is told what became of each key.
    interface Notes {
        void add(int line, String key, Outcome outcome, String message);
    }

    /// What stands elsewhere with us.
    private static final Map<String, String> ELSEWHERE =
            Map.ofEntries(
                    Map.entry("idle_timeout", "[delivery] idle, for all providers"),
                    Map.entry("data_timeout", "[delivery] data-command-timeout"),
                    Map.entry("data_dot_timeout", "[delivery] end-of-data-timeout"),
                    Map.entry("connect_timeout", "[delivery] connect-timeout"),
                    Map.entry("banner_timeout", "[delivery] greeting-timeout"),
                    Map.entry("mail_from_timeout", "[delivery] command-timeout"),
                    Map.entry("rcpt_to_timeout", "[delivery] command-timeout"),
                    Map.entry("ehlo_timeout", "[delivery] command-timeout"),
                    Map.entry("smtp_port", "[delivery] port, or a [[route]]"),
                    Map.entry("enable_dane", "TLS policies of domains; DANE is on by itself"),
                    Map.entry("enable_mta_sts", "TLS policies of domains; MTA-STS is on by itself"),
                    Map.entry(
                            "consecutive_connection_failures_before_delay",
                            "nothing: a host that fails is left out at once, and tried again"),
                    Map.entry("replace_base", "nothing: a file replaces ours of the same name"));

    private final TomlTable table;
    private final String path;
    private final String stem;
    private final String called;
    private final Notes notes;

    private String tls = "";
    private String ip = "";
    private final List<String> mx = new ArrayList<>();
    private final List<String> domains = new ArrayList<>();

    /// @param path as the file that is read calls it
    /// @param stem what the provider is called with us
    KumoBlock(TomlTable table, String path, String stem, String called, Notes notes) {
        this.table = table;
        this.path = path;
        this.stem = stem;
        this.called = called;
        this.notes = notes;
    }

    /// A provider file.
    String text(int line) {
        var limits = new StringBuilder();
        limits(table, path, Optional.empty(), limits);
        if (table.get("sources") instanceof TomlTable sources) {
            for (String source : sources.keySet()) {
                if (sources.get(List.of(source)) instanceof TomlTable inner) {
                    ofSource(inner, source, KumoImport.lineOf(sources, source), limits);
                }
            }
        }
        matches(line);
        String rules = new KumoRules(table, path, notes).text();
        var text = new StringBuilder("[provider]\nname = ");
        text.append(TomlText.quote(stem)).append("\ntitle = ");
        text.append(TomlText.quote(called.replaceAll("\\p{Cntrl}", "?"))).append('\n');
        text.append(tls.isEmpty() ? "" : "tls = " + TomlText.quote(tls) + "\n");
        text.append(ip.isEmpty() ? "" : "ip = " + TomlText.quote(ip) + "\n");
        if (!mx.isEmpty() || !domains.isEmpty()) {
            text.append("\n[[match]]\n");
            text.append(mx.isEmpty() ? "" : "mx = " + list(mx) + "\n");
            text.append(domains.isEmpty() ? "" : "domain = " + list(domains) + "\n");
        }
        return text.append(limits).append(rules).toString();
    }

    private void ofSource(TomlTable block, String source, int line, StringBuilder text) {
        String where = path + ".sources." + source;
        switch (Kinds.name().reader().apply(source)) {
            case Reading.Good<String> _ -> limits(block, where, Optional.of(source), text);
            case Reading.Bad<String>(var problems) ->
                    notes.add(line, where, Outcome.NOT_CARRIED, problems.getFirst().message());
        }
    }

    private static String list(List<String> values) {
        return "[" + String.join(", ", values.stream().map(TomlText::quote).toList()) + "]";
    }

    private void matches(int line) {
        if (stem.equals(ProviderFile.DEFAULT)) {
            return;
        }
        if (!path.startsWith("provider.")) {
            domains.add(called);
            notes.add(
                    line,
                    path,
                    Outcome.CHANGED,
                    "for this domain alone, where all its hosts are no other provider's; add"
                            + " mx = \"*....\" for all domains on its hosts, or write"
                            + " [[limit]] domain in the configuration, which always holds");
            return;
        }
        if (!(table.get("match") instanceof TomlArray list)) {
            return;
        }
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i) instanceof TomlTable match) {
                addMatch(match);
            }
        }
    }

    private void addMatch(TomlTable match) {
        for (String kind : match.keySet()) {
            String value = String.valueOf(match.get(List.of(kind)));
            String bare = value.startsWith(".") ? value.substring(1) : value;
            int line = KumoImport.lineOf(match, kind);
            switch (kind) {
                case "MXSuffix" -> {
                    mx.add("*." + bare);
                    if (!value.startsWith(".")) {
                        mx.add(bare);
                    }
                    notes.add(line, path + ".match", Outcome.CARRIED, "");
                }
                case "HostName" -> {
                    mx.add(bare);
                    notes.add(line, path + ".match", Outcome.CARRIED, "");
                }
                case "DomainSuffix" -> {
                    domains.add(bare);
                    notes.add(
                            line,
                            path + ".match",
                            Outcome.CHANGED,
                            "the domain itself, not those that end so");
                }
                default -> notes.add(line, path + ".match", Outcome.NOT_CARRIED, kind);
            }
        }
    }

    private void limits(
            TomlTable block, String where, Optional<String> source, StringBuilder text) {
        var ofSite = new StringBuilder();
        var ofProvider = new StringBuilder();
        for (String key : block.keySet()) {
            int line = KumoImport.lineOf(block, key);
            Object value = block.get(List.of(key));
            switch (key) {
                case "match", "sources", "automation" -> {}
                case "connection_limit" -> number(ofSite, "connections", line, where, key, value);
                case "provider_connection_limit" ->
                        number(ofProvider, "connections", line, where, key, value);
                case "max_deliveries_per_connection" ->
                        number(ofSite, "messages-per-connection", line, where, key, value);
                case "max_recipients_per_batch" ->
                        number(ofSite, "recipients-per-transaction", line, where, key, value);
                case "max_message_rate" -> rate(ofSite, "rate", line, where, key, value);
                case "provider_max_message_rate" ->
                        rate(ofProvider, "rate", line, where, key, value);
                case "max_connection_rate" ->
                        rate(ofSite, "new-connections", line, where, key, value);
                default -> other(line, where, key, value);
            }
        }
        String condition = source.map(it -> "source = " + TomlText.quote(it) + "\n").orElse("");
        String per = source.isPresent() ? "" : "\"source\", ";
        boolean isDefault = stem.equals(ProviderFile.DEFAULT);
        if (!ofSite.isEmpty()) {
            text.append("\n[[limit]]\n").append(condition);
            text.append("per = [").append(per).append("\"site\"]\n").append(ofSite);
        }
        if (!ofProvider.isEmpty() && !isDefault) {
            text.append("\n[[limit]]\n").append(condition);
            text.append(source.isPresent() ? "" : "per = [\"source\"]\n").append(ofProvider);
        }
    }

    private void number(
            StringBuilder text, String ours, int line, String where, String key, Object value) {
        Object plain = value instanceof TomlTable several ? several.get("limit") : value;
        if (plain instanceof Long number && number >= 1 && number <= 100_000) {
            text.append(ours).append(" = ").append(number).append('\n');
            notes.add(line, where + "." + key, Outcome.CARRIED, ours);
        } else {
            notes.add(line, where + "." + key, Outcome.NOT_CARRIED, "is no number that we know");
        }
    }

    private void rate(
            StringBuilder text, String ours, int line, String where, String key, Object value) {
        String written = String.valueOf(value);
        KumoWords.rate(written)
                .ifPresentOrElse(
                        rate -> {
                            text.append(ours).append(" = ").append(TomlText.quote(rate.toString()));
                            text.append('\n');
                            notes.add(line, where + "." + key, Outcome.CARRIED, ours + " " + rate);
                        },
                        () ->
                                notes.add(
                                        line,
                                        where + "." + key,
                                        Outcome.NOT_CARRIED,
                                        "is no rate that we know"));
    }

    private void other(int line, String where, String key, Object value) {
        String word = String.valueOf(value).toLowerCase(Locale.ROOT);
        if (key.equals("enable_tls") && where.equals(path)) {
            tls =
                    switch (word) {
                        case "required", "requiredinsecure" -> "encrypt";
                        case "disabled" -> "none";
                        default -> "may";
                    };
            boolean isSame =
                    word.equals("requiredinsecure") || word.equals("opportunisticinsecure");
            notes.add(
                    line,
                    where + "." + key,
                    isSame || word.equals("disabled") ? Outcome.CARRIED : Outcome.CHANGED,
                    "tls " + tls + (isSame ? "" : ", certificates are a matter of TLS policies"));
            return;
        }
        if (key.equals("ip_lookup_strategy") && where.equals(path)) {
            ip =
                    switch (word) {
                        case "ipv4only" -> "4";
                        case "ipv6only" -> "6";
                        case "ipv4thenipv6" -> "4-first";
                        case "ipv6thenipv4" -> "6-first";
                        default -> "any";
                    };
            notes.add(line, where + "." + key, Outcome.CARRIED, "ip " + ip);
            return;
        }
        String elsewhere = ELSEWHERE.getOrDefault(key, "");
        notes.add(
                line,
                where + "." + key,
                Outcome.NOT_CARRIED,
                elsewhere.isEmpty() ? "we have no such key" : "with us it is " + elsewhere);
    }
}
