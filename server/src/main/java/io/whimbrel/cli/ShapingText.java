package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.provider.ProviderFile;
import io.whimbrel.provider.Providers;
import io.whimbrel.provider.ReactionWords;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.toml.DurationText;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/// Limits and rules of providers, as text or JSON. Confined to one thread.
///
/// @param profile only limits that hold for sources as warm as this
record ShapingText(Console console, Providers providers, Optional<String> profile) {

    void print(Optional<String> name) {
        List<ProviderFile> files =
                name.flatMap(providers::file).map(List::of).orElseGet(providers::files);
        if (console.isJson()) {
            files.forEach(file -> console.printJson(json(file)));
        } else if (name.isPresent()) {
            files.forEach(this::printOne);
        } else {
            printAll(files);
        }
    }

    private void printAll(List<ProviderFile> files) {
        var table = new TextTable("PROVIDER", "TITLE", "LIMITS", "RULES");
        for (ProviderFile file : files) {
            var limits = new StringJoiner("; ");
            limits(file).forEach(limit -> limits.add(condition(limit) + numbers(limit)));
            table.add(
                    file.name(),
                    file.title(),
                    limits.toString(),
                    providers.ownRules(file.name()).size());
        }
        table.print(console.out());
    }

    private static String condition(LimitSettings limit) {
        String profile = limit.scope().conditions().get(Dimension.PROFILE);
        return profile == null ? "" : profile + ": ";
    }

    private void printOne(ProviderFile file) {
        PrintWriter out = console.out();
        out.println(file.name() + ": " + file.title());
        if (!file.note().isEmpty()) {
            out.println(Words.printable(file.note()));
        }
        out.println();
        var limits = new TextTable("LIMIT", "OF", "PER", "WRITTEN IN");
        for (LimitSettings limit : limits(file)) {
            limits.add(numbers(limit), limit.scope(), per(limit), limit.origin());
        }
        limits.print(out);
        out.println();
        var rules = new TextTable("RULE", "THEN", "AFTER", "LASTS", "WRITTEN IN");
        for (ReactionRule rule : providers.ownRules(file.name())) {
            rules.add(rule.name(), reactions(rule), after(rule), lasts(rule), rule.origin());
        }
        rules.print(out);
    }

    private List<LimitSettings> limits(ProviderFile file) {
        return providers.limits(file.name()).stream().filter(this::holds).toList();
    }

    private boolean holds(LimitSettings limit) {
        Optional<String> of =
                Optional.ofNullable(limit.scope().conditions().get(Dimension.PROFILE));
        return profile.isEmpty() || of.isEmpty() || of.equals(profile);
    }

    private static String numbers(LimitSettings limit) {
        var text = new StringJoiner(", ");
        limit.rates().forEach(rate -> text.add(rate + " messages"));
        limit.connections().ifPresent(n -> text.add(n + " connections"));
        limit.newConnections().ifPresent(rate -> text.add(rate + " new connections"));
        limit.messagesPerConnection().ifPresent(n -> text.add(n + " messages per connection"));
        limit.recipientsPerTransaction()
                .ifPresent(n -> text.add(n + " recipients per transaction"));
        return text.toString();
    }

    private static String per(LimitSettings limit) {
        return String.join(", ", limit.per().stream().sorted().map(Dimension::key).toList());
    }

    private static String reactions(ReactionRule rule) {
        return String.join(", ", rule.reactions().stream().map(ReactionWords::of).toList());
    }

    private static String after(ReactionRule rule) {
        return rule.threshold() == 1
                ? "1"
                : rule.threshold() + " in " + DurationText.render(rule.within());
    }

    private static String lasts(ReactionRule rule) {
        return rule.lasts().isZero() ? "" : DurationText.render(rule.lasts());
    }

    private ObjectNode json(ProviderFile file) {
        ObjectNode json = Json.object().put("provider", file.name()).put("title", file.title());
        ArrayNode limits = json.putArray("limits");
        limits(file).forEach(limit -> add(limit, limits.addObject()));
        ArrayNode rules = json.putArray("rules");
        for (ReactionRule rule : providers.ownRules(file.name())) {
            ObjectNode node = rules.addObject().put("rule", rule.name());
            node.put("then", reactions(rule)).put("after", after(rule));
            node.put("lasts", lasts(rule)).put("written_in", rule.origin());
        }
        return json;
    }

    private static void add(LimitSettings limit, ObjectNode node) {
        limit.scope().conditions().forEach((dimension, value) -> node.put(dimension.key(), value));
        ArrayNode per = node.putArray("per");
        EnumSet.allOf(Dimension.class).stream()
                .filter(limit.per()::contains)
                .forEach(it -> per.add(it.key()));
        if (!limit.rates().isEmpty()) {
            ArrayNode rates = node.putArray("rate");
            limit.rates().forEach(rate -> rates.add(rate.toString()));
        }
        limit.connections().ifPresent(n -> node.put("connections", n));
        limit.newConnections().ifPresent(it -> node.put("new-connections", it.toString()));
        limit.messagesPerConnection().ifPresent(n -> node.put("messages-per-connection", n));
        limit.recipientsPerTransaction().ifPresent(n -> node.put("recipients-per-transaction", n));
        node.put("written_in", limit.origin());
    }
}
