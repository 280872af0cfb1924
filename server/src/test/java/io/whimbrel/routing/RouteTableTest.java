package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.egress.Destination;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Wildcards;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;

final class RouteTableTest {
    private static final DomainName DOMAIN = DomainName.parse("example.com").orElseThrow();
    private static final MailStream SHOP =
            new MailStream("shop", "Spring-26", PriorityClass.NORMAL);

    @Test
    void routesByDomain_askNothingOfTheMessage() {
        var table = table(route("", "example.com", "", "", ""));

        assertThat(table.looksAtStreams()).isFalse();
        assertThat(table.looksAtRecipients()).isFalse();
        assertThat(table.routeOf(SHOP, DOMAIN, "a@example.com")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "shop, '', '', r",
        "other, '', '', ''",
        "'', spring-*, '', r",
        "'', summer-*, '', ''",
        "'', '', *-test@example.com, r",
        "'', '', *-live@example.com, ''",
        "shop, spring-*, a-*, r",
        "shop, summer-*, a-*, ''",
        "other, spring-*, a-*, ''"
    })
    void allThatIsGiven_mustHold(String tenant, String campaign, String recipient, String route) {
        var table = table(route("r", "example.com", tenant, campaign, recipient));

        assertThat(table.routeOf(SHOP, DOMAIN, "A-Test@example.com")).isEqualTo(route);
    }

    @Test
    void poolOfARoute_goesBeforeThatOfTheMail() {
        var terms = new RouteSettings.Terms("partners", "", Optional.empty(), Optional.empty(), "");
        RouteSettings plain = route("r", "example.com", "shop", "", "");
        var table =
                table(new RouteSettings(plain.name(), plain.conditions(), plain.targets(), terms));

        assertThat(table.destinations("own").of(SHOP.leavingBy("fast"), DOMAIN))
                .isEqualTo(new Destination(DOMAIN, "partners", "r"));
        assertThat(table.destinations("own").of(MailStream.NONE, DOMAIN))
                .isEqualTo(new Destination(DOMAIN, "own", ""));
    }

    @Test
    void otherDomain_isNotTaken() {
        var table = table(route("r", "example.org", "shop", "", ""));

        assertThat(table.routeOf(SHOP, DOMAIN, "a@example.com")).isEmpty();
    }

    @Test
    void earlierRouteByDomain_wins() {
        var table = table(route("d", "example.com", "", "", ""), route("t", "*", "shop", "", ""));

        assertThat(table.routeOf(SHOP, DOMAIN, "a@example.com")).isEmpty();
        assertThat(table.find(DOMAIN, "").orElseThrow().name()).isEqualTo("d");
    }

    @Test
    void routeWithoutName_hasOneOfWhatItSays_whereverItStands() {
        RouteSettings mine = route("", "*", "shop", "", "");
        var before = table(mine);
        var after = table(route("", "*", "other", "", ""), mine);

        String name = before.routeOf(SHOP, DOMAIN, "a@example.com");

        assertThat(name).matches("route-[0-9a-f]{12}");
        assertThat(after.routeOf(SHOP, DOMAIN, "a@example.com")).isEqualTo(name);
        assertThat(table(route("", "*", "other", "", "")).has(name)).isFalse();
    }

    @Test
    void pool_isThatOfTheRoute() {
        var terms = new RouteSettings.Terms("fast", "", Optional.empty(), Optional.empty(), "");
        var table =
                table(
                        new RouteSettings(
                                "r",
                                RouteConditions.ofDomains(List.of()),
                                List.of(new RouteTarget.Mx()),
                                terms));

        assertThat(table.pool(DOMAIN, "")).isEqualTo("fast");
        assertThat(table.pool(DOMAIN, "gone")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "*, '', true",
        "'', '', true",
        "'', a, false",
        "a*b, ab, true",
        "a*b, aXb, true",
        "a*b, aXbc, false",
        "*ab*ab, xabyab, true",
        "*ab*ab, xab, false",
        "A*, abc, true",
        "**, x, true"
    })
    void wildcards_matchWhole(String pattern, String text, boolean expected) {
        assertThat(new Wildcards(pattern).matches(text)).isEqualTo(expected);
    }

    @Test
    void wildcards_matchAsARegularExpressionWould() {
        long seed = 7;
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            check(text(random, "ab*"), text(random, "abAB"));
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyWildcards_matchAsARegularExpressionWould(FuzzedDataProvider data) {
        check(data.consumeAsciiString(12), data.consumeAsciiString(24));
    }

    /// The expression tries all ways to spread the text over its stars: both are short.
    private static void check(String pattern, String text) {
        String lower = pattern.toLowerCase(Locale.ROOT).replaceAll("\\*+", "*");
        var expression = new StringBuilder();
        for (int i = 0; i < lower.length(); i++) {
            char c = lower.charAt(i);
            expression.append(c == '*' ? ".*" : Pattern.quote(String.valueOf(c)));
        }
        boolean expected =
                Pattern.compile(expression.toString(), Pattern.DOTALL)
                        .matcher(text.toLowerCase(Locale.ROOT))
                        .matches();
        assertThat(new Wildcards(pattern).matches(text))
                .as(pattern + " " + text)
                .isEqualTo(expected);
    }

    private static String text(Random random, String alphabet) {
        var text = new StringBuilder();
        for (int i = random.nextInt(8); i > 0; i--) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }

    private static RouteTable table(RouteSettings... routes) {
        return new RouteTable(List.of(routes));
    }

    private static RouteSettings route(
            String name, String domain, String tenant, String campaign, String recipient) {
        var conditions =
                new RouteConditions(
                        List.of(DomainPattern.parse(domain).orElseThrow()),
                        Optional.of(tenant).filter(it -> !it.isEmpty()),
                        Optional.of(campaign).filter(it -> !it.isEmpty()).map(Wildcards::new),
                        Optional.of(recipient).filter(it -> !it.isEmpty()).map(Wildcards::new));
        return new RouteSettings(
                name, conditions, List.of(new RouteTarget.Mx()), RouteSettings.Terms.NONE);
    }
}
