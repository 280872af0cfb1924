package io.whimbrel.provider;

import io.whimbrel.provider.KumoBlock.Notes;
import io.whimbrel.provider.KumoImport.Outcome;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.toml.DurationText;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind.Reading;

import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The `automation` of one block of KumoMTA's shaping file, as rules of ours: one for each
/// expression. Confined to one thread.
final class KumoRules {
    /// They match on code, status and text; we on each alone.
    private static final String ANY_CASE = "(?i)";

    private static final Pattern STATUS =
            Pattern.compile("\\^?([45])\\\\?\\.(\\d{1,3})\\\\?\\.(\\d{1,3})");

    private static final Pattern CODES =
            Pattern.compile(
                    "\\^?([245][0-9]{2})[- ](?:([245])\\\\?\\.([0-9]+)\\\\?\\.([0-9]+) ?)?");

    private static final Map<String, String> SCOPES =
            Map.of(
                    "Suspend", "suspend",
                    "SuspendTenant", "suspend, tenant",
                    "SuspendCampaign", "suspend, tenant, campaign",
                    "Bounce", "bounce-all",
                    "BounceTenant", "bounce-all, tenant",
                    "BounceCampaign", "bounce-all, tenant, campaign");

    private static final Duration LASTS_MAX = Duration.ofDays(30);

    private final TomlTable block;
    private final String path;
    private final Notes notes;
    private final StringBuilder text = new StringBuilder();
    private int count;

    KumoRules(TomlTable block, String path, Notes notes) {
        this.block = block;
        this.path = path + ".automation";
        this.notes = notes;
    }

    String text() {
        if (block.get("automation") instanceof TomlArray rules) {
            for (int i = 0; i < rules.size(); i++) {
                if (rules.get(i) instanceof TomlTable rule) {
                    rule(rule, rules.inputPositionOf(i).line());
                }
            }
        }
        return text.toString();
    }

    private void rule(TomlTable rule, int line) {
        List<String> then = actions(rule, line);
        if (then.isEmpty()) {
            notes.add(line, path, Outcome.NOT_CARRIED, "nothing that we know follows");
            return;
        }
        Optional<Duration> lasts =
                KumoWords.duration(String.valueOf(rule.get("duration")))
                        .map(it -> it.compareTo(LASTS_MAX) > 0 ? LASTS_MAX : it);
        String threshold = threshold(rule, line);
        for (String regex : strings(rule.get("regex"))) {
            one(regex, then, threshold, lasts.orElse(Duration.ofHours(1)), line);
        }
        for (String key : rule.keySet()) {
            if (!List.of("regex", "action", "trigger", "duration").contains(key)) {
                notes.add(line, path + "." + key, Outcome.NOT_CARRIED, "we have no such key");
            }
        }
    }

    private void one(String regex, List<String> then, String threshold, Duration lasts, int line) {
        // Ours never looks at upper and lower case.
        String cased = regex.startsWith(ANY_CASE) ? regex.substring(ANY_CASE.length()) : regex;
        Matcher statusAlone = STATUS.matcher(cased);
        if (statusAlone.matches()) {
            ofStatus(statusAlone, then, threshold, lasts, line);
            return;
        }
        Matcher codes = CODES.matcher(cased);
        boolean hasCode = codes.lookingAt();
        String rest = hasCode ? cased.substring(codes.end()) : cased;
        Pattern pattern;
        switch (BoundedPattern.read(rest)) {
            case Reading.Bad<Pattern>(var problems) -> {
                notes.add(line, path, Outcome.NOT_CARRIED, problems.getFirst().message());
                return;
            }
            case Reading.Good<Pattern>(Pattern good) -> pattern = good;
        }
        Optional<String> sample = SampleReply.of(pattern);
        if (sample.isEmpty()) {
            notes.add(line, path, Outcome.NOT_CARRIED, "no test line can be made of " + regex);
            return;
        }
        String code = hasCode ? codes.group(1) : "";
        String status =
                hasCode && codes.group(2) != null
                        ? codes.group(2) + "." + codes.group(3) + "." + codes.group(4)
                        : "";
        text.append("\n[[rule]]\nname = \"imported-").append(++count).append("\"\n");
        text.append(code.isEmpty() ? "" : "code = " + TomlText.quote(code) + "\n");
        text.append(status.isEmpty() ? "" : "status = " + TomlText.quote(status) + "\n");
        // What stood behind the code stands at the beginning of the text.
        String anchored =
                code.isEmpty() ? rest : "^" + (rest.contains("|") ? "(?:" + rest + ")" : rest);
        text.append("text = ").append(TomlText.quote(anchored)).append('\n');
        String reply = (code.isEmpty() ? "451" : code) + " " + (status + " ").stripLeading();
        addEnd(then, threshold, lasts, reply + sample.get());
        notes.add(line, path, Outcome.CARRIED, "as rule imported-" + count);
    }

    /// KumoMTA looks for it in the whole reply; ours knows it as a field of its own.
    private void ofStatus(
            Matcher status, List<String> then, String threshold, Duration lasts, int line) {
        String wanted = status.group(1) + "." + status.group(2) + "." + status.group(3);
        text.append("\n[[rule]]\nname = \"imported-").append(++count).append("\"\n");
        text.append("code = ").append(TomlText.quote(status.group(1))).append('\n');
        text.append("status = ").append(TomlText.quote(wanted)).append('\n');
        addEnd(then, threshold, lasts, status.group(1) + "51 " + wanted + " refused");
        notes.add(line, path, Outcome.CARRIED, "as rule imported-" + count);
    }

    private void addEnd(List<String> then, String threshold, Duration lasts, String test) {
        text.append("then = [").append(String.join(", ", then)).append("]\n");
        text.append(threshold.isEmpty() ? "" : "threshold = " + TomlText.quote(threshold) + "\n");
        text.append("lasts = ").append(TomlText.quote(DurationText.render(lasts))).append('\n');
        text.append("test = ").append(TomlText.quote(test)).append('\n');
    }

    private String threshold(TomlTable rule, int line) {
        Object trigger = rule.get("trigger");
        if (!(trigger instanceof TomlTable table)) {
            return "";
        }
        String[] parts = String.valueOf(table.get("Threshold")).split("/", -1);
        Optional<Duration> within =
                parts.length == 2 ? KumoWords.duration(parts[1]) : Optional.empty();
        if (within.isEmpty() || !parts[0].matches("[1-9][0-9]{0,4}")) {
            notes.add(line, path + ".trigger", Outcome.CHANGED, "at once");
            return "";
        }
        int count = Integer.parseInt(parts[0]);
        if (count > ReactionRule.THRESHOLD_MAX) {
            return fewer(count, within.get(), line);
        }
        return count + " in " + DurationText.render(within.get());
    }

    /// As many matches in a time, counted over a shorter one.
    private String fewer(int count, Duration within, int line) {
        long seconds = within.toSeconds() * ReactionRule.THRESHOLD_MAX / count;
        Duration shorter = Duration.ofSeconds(Math.max(1, seconds));
        String threshold = ReactionRule.THRESHOLD_MAX + " in " + DurationText.render(shorter);
        String why = threshold + ": no threshold is above " + ReactionRule.THRESHOLD_MAX;
        notes.add(line, path + ".trigger", Outcome.CHANGED, why);
        return threshold;
    }

    private List<String> actions(TomlTable rule, int line) {
        var then = new LinkedHashSet<String>();
        Object action = rule.get("action");
        List<Object> all = new ArrayList<>();
        if (action instanceof TomlArray list) {
            list.toList().forEach(all::add);
        } else if (action != null) {
            all.add(action);
        }
        for (Object one : all) {
            Optional<String> ours =
                    one instanceof TomlTable table
                            ? ofSetting(table, line)
                            : Optional.ofNullable(SCOPES.get(String.valueOf(one)))
                                    .map(KumoRules::scoped);
            ours.ifPresentOrElse(
                    then::add,
                    () -> notes.add(line, path + ".action", Outcome.NOT_CARRIED, shown(one)));
        }
        return List.copyOf(then);
    }

    private static String shown(Object action) {
        return action instanceof TomlTable table
                ? "it sets what no action of ours does: " + table.toJson().replace('\n', ' ')
                : TomlText.shown(action);
    }

    private static String scoped(String words) {
        String[] parts = words.split(", ", -1);
        var scope = new ArrayList<>(List.of(parts).subList(1, parts.length));
        scope.add(scope.isEmpty() ? "source" : "provider");
        if (!scope.contains("provider")) {
            scope.add("provider");
        }
        return "{ action = \""
                + parts[0]
                + "\", scope = ["
                + String.join(", ", scope.stream().map(TomlText::quote).toList())
                + "] }";
    }

    private Optional<String> ofSetting(TomlTable action, int line) {
        if (!(action.get("SetConfig") instanceof TomlTable setting)) {
            return Optional.empty();
        }
        Object value = setting.get("value");
        return switch (String.valueOf(setting.get("name"))) {
            case "connection_limit", "provider_connection_limit" ->
                    value instanceof Long n && n >= 1 && n <= 100_000
                            ? Optional.of("{ action = \"narrow\", connections = " + n + " }")
                            : Optional.empty();
            case "max_message_rate", "provider_max_message_rate", "max_connection_rate" -> {
                notes.add(
                        line,
                        path + ".action",
                        Outcome.CHANGED,
                        "to a quarter of the present rate, then step by step back, in place of "
                                + value);
                yield Optional.of("{ action = \"slow-down\", percent = 25 }");
            }
            case "max_deliveries_per_connection" -> {
                notes.add(line, path + ".action", Outcome.CHANGED, "a new connection");
                yield Optional.of("{ action = \"reconnect\" }");
            }
            default -> Optional.empty();
        };
    }

    private static List<String> strings(Object value) {
        if (value instanceof TomlArray list) {
            return list.toList().stream().map(String::valueOf).toList();
        }
        return value == null ? List.of() : List.of(String.valueOf(value));
    }
}
