package io.whimbrel.reaction;

import static io.whimbrel.reaction.ReactionFixture.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

@Timeout(60)
final class ReactionMatcherTest {
    private static final SmtpReply RATE = SmtpReply.of(421, 4, 7, 28, "unusual rate of mail");

    private static String matched(SmtpReply reply, ReactionRule... rules) {
        return new ReactionMatcher(List.of(rules), List.of())
                .match(reply)
                .map(ReactionRule::name)
                .orElse("");
    }

    @Test
    void firstRuleWins_thoseOfTheProviderBeforeThoseOfAll() {
        var own = text("own", List.of("4"), List.of(), "");
        var late = text("late", List.of("421"), List.of(), "");
        var last = text("default", List.of(), List.of(), "");
        var book = new Rulebook(Map.of("a", List.of(own, late), "default", List.of(last)));

        assertThat(book.matcher("a").match(RATE)).contains(own);
        assertThat(book.matcher("a").match(SmtpReply.plain(550, "no"))).contains(last);
        assertThat(book.matcher("b").match(RATE)).contains(last);
        assertThat(book.matcher("").match(SmtpReply.OK)).isEmpty();
        assertThat(Rulebook.NONE.matcher("a").match(RATE)).isEmpty();
    }

    @Test
    void status_matchesByWholeNumbers() {
        assertThat(matched(RATE, text("r", List.of(), List.of("4.7.28"), ""))).isEqualTo("r");
        assertThat(matched(RATE, text("r", List.of(), List.of("4.7"), ""))).isEqualTo("r");
        assertThat(matched(RATE, text("r", List.of(), List.of("4.7.2"), ""))).isEmpty();
        assertThat(matched(RATE, text("r", List.of(), List.of("5", "4"), ""))).isEqualTo("r");
        assertThat(matched(SmtpReply.plain(421, "x"), text("r", List.of(), List.of("4"), "")))
                .isEmpty();
    }

    @Test
    void text_isFoundAcrossLines() {
        var reply = SmtpReply.plain(421, "an unusual rate", "of mail");

        assertThat(matched(reply, text("r", List.of("42"), List.of(), "rate of mail$")))
                .isEqualTo("r");
        assertThat(matched(reply, text("r", List.of("42"), List.of(), "^rate"))).isEmpty();
    }

    @Test
    void expressionThatRunsAway_matchesNothing_andTheNextRuleCounts() {
        var reply = SmtpReply.plain(421, "a".repeat(900));
        var endless = text("endless", List.of(), List.of(), "(a|aa)*(a|aa)*(a|aa)*b");

        assertThat(matched(reply, endless, text("next", List.of(), List.of(), "aaa")))
                .isEqualTo("next");
    }

    @Test
    void index_agreesWithTheRulesOneByOne() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        String[] codes = {"4", "5", "42", "421", "450", "550", "55", "250"};
        String[] statuses = {"4", "5", "4.7", "4.7.28", "5.1.1", "4.2"};
        for (int round = 0; round < 2_000; round++) {
            List<ReactionRule> rules = new ArrayList<>();
            for (int i = random.nextInt(8); i > 0; i--) {
                rules.add(
                        text(
                                "r" + i,
                                some(codes, random),
                                some(statuses, random),
                                random.nextBoolean() ? "" : "" + random.nextInt(3)));
            }
            int[] replyCodes = {250, 354, 421, 450, 451, 550, 554};
            var reply =
                    new SmtpReply(
                            replyCodes[random.nextInt(replyCodes.length)],
                            EnhancedStatus.parsePrefix(statuses[random.nextInt(6)]),
                            List.of("text", "" + random.nextInt(3)));
            assertThat(new ReactionMatcher(rules, List.of()).match(reply))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(oneByOne(rules, reply));
        }
    }

    private static List<String> some(String[] words, Random random) {
        return random.nextInt(3) == 0
                ? List.of()
                : List.of(words[random.nextInt(words.length)], words[random.nextInt(5)]);
    }

    private static Optional<ReactionRule> oneByOne(List<ReactionRule> rules, SmtpReply reply) {
        String code = "" + reply.code();
        String status = reply.status().map(it -> it + ".").orElse("");
        return rules.stream()
                .filter(rule ->
                        rule.codes().isEmpty()
                                ? reply.code() >= 400
                                : rule.codes().stream().anyMatch(code::startsWith))
                .filter(rule ->
                        rule.statuses().isEmpty()
                                || rule.statuses().stream()
                                        .anyMatch(it -> status.startsWith(it + ".")))
                .filter(rule ->
                        rule.text().isEmpty()
                                || rule.text().get().matcher(ReplyText.of(reply)).find())
                .findFirst();
    }
}
