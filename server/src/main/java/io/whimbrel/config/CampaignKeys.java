package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.mail.Wildcards;
import io.whimbrel.token.CampaignRule;
import io.whimbrel.token.HeaderTemplate;
import io.whimbrel.token.TemplateException;
import io.whimbrel.token.VerpTemplate;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;

import java.util.List;
import java.util.Optional;

/// The keys of `[[campaign]]`. Stateless.
final class CampaignKeys {
    private static final int LIST_MAX = 1_000;
    private static final String BRACES =
            "In braces: `{token}`, `{ref}`, `{recipient}`, `{campaign}`, `{tenant}`, `{id}`,"
                    + " `{meta.NAME}`.";

    /// A template, with the text that it was made of.
    record Template<T>(String text, T made) {}

    /// Makes a template.
    @FunctionalInterface
    private interface Maker<T> {
        T make(String text) throws TemplateException;
    }

    static final Key<List<Wildcards>> NAME =
            new Key<>(
                    "name",
                    RouteKeys.oneOrMore(
                            RouteKeys.wildcards("a campaign, in which * stands for anything"),
                            "campaigns",
                            LIST_MAX),
                    new Presence.Unset<>(
                            "all mail, also that of no campaign", "[\"spring-*\", \"news\"]"),
                    RELOAD,
                    "Mail of these campaigns only. The first `[[campaign]]` that is for a message"
                            + " counts.");

    static final Key<List<String>> TENANTS =
            new Key<>(
                    "tenants",
                    RouteKeys.oneOrMore(Kinds.name(), "tenants", LIST_MAX),
                    new Presence.Unset<>("every tenant", "\"shop\""),
                    RELOAD,
                    "Mail of these tenants only.");

    static final Key<Template<HeaderTemplate>> FEEDBACK_ID =
            new Key<>(
                    "feedback-id",
                    template(text -> HeaderTemplate.parse("Feedback-ID", text)),
                    new Presence.Unset<>("none is added", "\"{campaign}:{tenant}:news:shop\""),
                    RELOAD,
                    "The field Feedback-ID, by which Gmail counts complaints: up to four parts, the"
                            + " last the same in all your mail. A message that has one keeps it. "
                            + BRACES);

    static final Key<Template<HeaderTemplate>> LIST_UNSUBSCRIBE =
            new Key<>(
                    "list-unsubscribe",
                    template(text -> HeaderTemplate.parse("List-Unsubscribe", text)),
                    new Presence.Unset<>("none is added", "\"<https://u.example.com/{token}>\""),
                    RELOAD,
                    "The field List-Unsubscribe: URLs in angle brackets, parted by commas. A"
                            + " message that has one keeps it. "
                            + BRACES);

    static final Key<Boolean> ONE_CLICK =
            Key.withDefault(
                    "one-click",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether a POST to that URL unsubscribes without further questions (RFC 8058):"
                            + " then List-Unsubscribe-Post says so. Bulk mail needs it at Gmail and"
                            + " Yahoo.");

    static final Key<Boolean> TOKEN =
            Key.withDefault(
                    "token",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether the field X-Whimbrel-Ref tells this node, and nobody else, whom a copy"
                            + " was for: it survives complaints from which all addresses are cut."
                            + " Each recipient gets a transaction of his own.");

    static final Key<Template<VerpTemplate>> VERP =
            new Key<>(
                    "verp",
                    template(VerpTemplate::parse),
                    new Presence.Unset<>(
                            "the sender's own stands", "\"bounce+{recipient}@b.example.com\""),
                    RELOAD,
                    "The reverse-path, with `{recipient}` or `{ref}`, so that a bounce tells whom"
                            + " it is about. Each recipient gets a transaction of his own.");

    static final TableSpec CAMPAIGN =
            new TableSpec(
                    "campaign",
                    true,
                    false,
                    Optional.empty(),
                    "What some mail gets as it leaves: header fields, covered by its signature, and"
                            + " a reverse-path.",
                    List.of(NAME, TENANTS, FEEDBACK_ID, LIST_UNSUBSCRIBE, ONE_CLICK, TOKEN, VERP));

    private CampaignKeys() {}

    static CampaignRule rule(TableValues table) {
        return new CampaignRule(
                table.find(TENANTS).orElse(List.of()),
                table.find(NAME).orElse(List.of()),
                table.find(FEEDBACK_ID).map(Template::made),
                table.find(LIST_UNSUBSCRIBE).map(Template::made),
                table.get(ONE_CLICK),
                table.get(TOKEN),
                table.find(VERP).map(Template::made));
    }

    static void check(TableValues table, Findings findings) {
        Optional<Template<HeaderTemplate>> unsubscribe = table.find(LIST_UNSUBSCRIBE);
        boolean isOneClick = table.find(ONE_CLICK).orElse(false);
        if (isOneClick && unsubscribe.filter(it -> it.text().contains("https://")).isEmpty()) {
            findings.error(
                    table.placeOf(ONE_CLICK),
                    "one-click: list-unsubscribe names no https:// URL (RFC 8058 §3)");
        }
        List<Key<?>> makers = List.of(FEEDBACK_ID, LIST_UNSUBSCRIBE, ONE_CLICK, TOKEN, VERP);
        if (makers.stream().noneMatch(table::isWritten)) {
            findings.warn(table.place(), "this [[campaign]] adds nothing");
        }
    }

    private static <T> ValueKind<Template<T>> template(Maker<T> maker) {
        return ValueKind.ofText(
                "is no template",
                "a template: text with names in braces",
                text -> {
                    try {
                        return new Reading.Good<>(new Template<>(text, maker.make(text)));
                    } catch (TemplateException e) {
                        return Reading.bad(TomlText.shown(text) + ": " + e.getMessage());
                    }
                },
                Template::text);
    }
}
