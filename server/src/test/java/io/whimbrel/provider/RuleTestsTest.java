package io.whimbrel.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

class RuleTestsTest {
    private static final String HEAD = "[provider]\nname = \"t\"\ntitle = \"T\"\n";

    @Test
    void testLine_thatAnotherRuleTakesFirst_fails() {
        assertThat(
                        failures(
                                rule("a", "busy", "421 busy")
                                        + rule("b", "very busy", "421 very busy"),
                                ""))
                .contains("t/b: t/a takes its test line first")
                .contains("t/b: matches nothing that is known");
    }

    @Test
    void testLine_thatNoRuleTakes_fails() {
        assertThat(failures(rule("a", "busy", "421 bored"), ""))
                .contains("t/a: no rule matches its test line");
    }

    @Test
    void noTestLine_thatMatches_fails() {
        assertThat(failures(rule("a", "busy", "421 busy") + "no-test = \"421 busy too\"\n", ""))
                .containsExactly("t/a: matches its no-test line");
    }

    @Test
    void reply_thatNoRuleOrAnotherKnows_fails() {
        String rules = rule("a", "busy", "421 busy") + rule("b", "full", "452 full");
        assertThat(failures(rules, "a 421 bored\nb 421 busy\na 421 busy\nb 452 full\n"))
                .containsExactly("no rule matches; said: a", "t/a matches; said: b");
    }

    @Test
    void corpusLine_withoutReply_isAnError() {
        assertThat(failures(rule("a", "busy", "421 busy"), "a hello\n# a comment\n\n"))
                .singleElement()
                .asString()
                .isEmpty();
    }

    @Test
    void reply_ofDefault_isNamedSo() {
        var file = ProvidersTest.file("t", HEAD);
        var byDefault =
                ProvidersTest.file(
                        "default",
                        HEAD.replace("\"t\"", "\"default\"") + rule("busy", "busy", "421 busy"));
        var providers = new Providers(List.of(file, byDefault), List.of());
        ReplyCorpus corpus =
                ReplyCorpus.parse("t.txt", "t", "default/busy 421 busy\nbusy 421 busy\n");
        assertThat(RuleTests.run(providers, corpus).failures())
                .extracting(RuleTests.Failure::message)
                .containsExactly("default/busy matches; said: busy");
    }

    @Test
    void wireReply_joinsLines_andStripsCodes() {
        assertThat(WireReply.parse("421-4.7.28 [192.0.2.1] An unusual\n421 4.7.28 rate"))
                .contains(
                        new SmtpReply(
                                421,
                                Optional.of(new EnhancedStatus(4, 7, 28)),
                                List.of("[192.0.2.1] An unusual", "rate")));
        assertThat(WireReply.parse("554-no\nIP is listed\n554 bye"))
                .contains(SmtpReply.plain(554, "no", "IP is listed", "bye"));
        assertThat(WireReply.parse("42")).isEmpty();
        assertThat(WireReply.parse("999 x")).isEmpty();
    }

    @FuzzTest(maxDuration = "30s")
    void anyLine_hasAnAnswer(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        WireReply.parse(text).ifPresent(it -> assertThat(it.lines()).isNotEmpty());
        ReplyCorpus.parse("t.txt", "t", text);
    }

    private static String rule(String name, String text, String test) {
        return """
        [[rule]]
        name = "%s"
        text = '%s'
        then = { action = "ignore" }
        test = "%s"
        """
                .formatted(name, text, test);
    }

    private static List<String> failures(String rules, String corpus) {
        var providers = new Providers(List.of(ProvidersTest.file("t", HEAD + rules)), List.of());
        return RuleTests.run(providers, ReplyCorpus.parse("t.txt", "t", corpus)).failures().stream()
                .map(RuleTests.Failure::message)
                .toList();
    }
}
