package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.policy.RecipientPolicy.Decision;
import io.whimbrel.smtp.SmtpPath;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class RecipientPolicyTest {
    private static final InetAddress CLIENT = InetAddress.ofLiteral("203.0.113.9");

    private final DoorMetrics metrics = Policies.metrics();
    private final RecipientPolicy policy =
            new RecipientPolicy(
                    Stream.of("ours.example", "*.ours.example", "*.deep.ours.example")
                            .map(it -> new InboundSettings(DomainPattern.parse(it).orElseThrow()))
                            .toList(),
                    new DomainName("mx.host.example"),
                    metrics);

    private Decision decide(boolean mayRelay, String written) {
        SmtpPath path = Policies.forwardPath(written).orElseThrow();
        DomainName domain = DomainName.parse(path.domain()).orElseThrow();
        return policy.decide(CLIENT, mayRelay, path, domain);
    }

    /// What scanners of open relays try. The null and the own-name reverse-path make no difference
    /// here, for the reverse-path does not decide who may relay.
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "plain | <victim@other.example>",
                "percent hack | <victim%other.example@ours.example>",
                "percent hack by address | <victim%other.example@[198.51.100.1]>",
                "quoted percent hack | <\"victim%other.example\"@ours.example>",
                "bang path | <other.example!victim@ours.example>",
                "bang path to elsewhere | <ours.example!victim@other.example>",
                "quoted at | <\"victim@other.example\"@ours.example>",
                "quoted at, escaped | <\"victim\\@other.example\"@ours.example>",
                "source route | <@ours.example:victim@other.example>",
                "source route of two | <@ours.example,@mx.host.example:victim@other.example>",
                "own name | <victim%other.example@mx.host.example>",
                "own name, not the postmaster | <victim@mx.host.example>",
                "own address | <victim@[127.0.0.1]>",
                "quoted route | <\"@ours.example:victim\"@ours.example>",
                "parent of ours | <victim@example>",
                "ours as a label | <victim@ours.example.other.example>",
                "ours as an end | <victim@notours.example>",
                "postmaster elsewhere | <postmaster@other.example>",
                "without brackets | victim@other.example"
            })
    void openRelayProbe_isRefused(String probe, String written) {
        assertThat(decide(false, written))
                .as(probe)
                .isInstanceOfSatisfying(
                        Decision.Refused.class,
                        refused ->
                                assertThat(refused.reply().toString())
                                        .startsWith("550 5.7.1 Relaying denied"));
        assertThat(metrics.refusals(Reason.RELAY) + metrics.refusals(Reason.ROUTE)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<victim@other.example@ours.example>",
                "<victim@ours.example@other.example>",
                "<victim@ours.example>other.example",
                "<\"victim@other.example\">",
                "<@ours.example,victim@other.example>",
                "<victim%other.example>"
            })
    void openRelayProbe_thatIsNoAddressWithDomain_neverGetsHere(String written) {
        Optional<SmtpPath> path = Policies.forwardPath(written);
        assertThat(path.filter(it -> DomainName.parse(it.domain()).isPresent())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<victim@other.example>",
                "<victim%third.example@other.example>",
                "<third.example!victim@other.example>",
                "<\"victim@third.example\"@other.example>",
                "<@third.example:victim@other.example>",
                "<anybody@mx.host.example>",
                "<victim@[198.51.100.1]>"
            })
    void whoMayRelay_mayWriteAnything(String written) {
        assertThat(decide(true, written)).isEqualTo(new Decision.Relay());
    }

    @ParameterizedTest
    @CsvSource({
        "<bounce@ours.example>, ours.example",
        "<bounce@OURS.example>, ours.example",
        "<b-1=victim=other.example@ours.example>, ours.example",
        "<@other.example:bounce@ours.example>, ours.example",
        "<bounce@a.ours.example>, *.ours.example",
        "<bounce@deep.ours.example>, *.ours.example",
        "<bounce@a.b.deep.ours.example>, *.deep.ours.example",
        "<postmaster@ours.example>, ours.example"
    })
    void mailForOurDomains_isTakenFromAnybody(String written, String pattern) {
        var inbound = new InboundSettings(DomainPattern.parse(pattern).orElseThrow());
        assertThat(decide(false, written)).isEqualTo(new Decision.Inbound(inbound));
        assertThat(decide(true, written)).isEqualTo(new Decision.Inbound(inbound));
    }

    @Test
    void ourPostmaster_isReachedFromAnywhere() {
        assertThat(decide(false, "<PostMaster@mx.host.example>"))
                .isEqualTo(new Decision.Postmaster());
    }

    @Test
    void everyDomain_cannotBeInbound() {
        assertThatThrownBy(() -> new InboundSettings(new DomainPattern.Every()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void withoutInboundDomains_nothingIsTaken() {
        var none = new RecipientPolicy(List.of(), new DomainName("mx.host.example"), metrics);
        var path = new SmtpPath("a@ours.example", "ours.example");
        assertThat(none.decide(CLIENT, false, path, new DomainName("ours.example")))
                .isInstanceOfSatisfying(
                        Decision.Refused.class,
                        refused ->
                                assertThat(refused.reply())
                                        .hasToString(
                                                "550 5.7.1 Relaying denied: relay-from does not"
                                                        + " list 203.0.113.9"));
    }
}
