package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DsnPolicy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;

/// Nobody relays unless listed. The probes are those of the public open-relay testers.
class RelayTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<victim@example.org>",
                "victim@example.org",
                "<victim@[192.0.2.1]>",
                "<victim@[127.0.0.1]>",
                "<victim@[IPv6:::1]>",
                "<@mx.example.com:victim@example.org>",
                "<@mx.example.com,@[127.0.0.1]:victim@example.org>",
                "<@example.org:postmaster@example.org>",
                "<victim%example.org@mx.example.com>",
                "<victim%example.org@[127.0.0.1]>",
                "<victim%example.org>",
                "<\"victim@example.org\"@mx.example.com>",
                "<\"victim%example.org\"@mx.example.com>",
                "<\"victim@example.org\">",
                "<example.org!victim>",
                "<example.org!victim@mx.example.com>",
                "<mx.example.com!example.org!victim@mx.example.com>",
                "<victim@example.org@mx.example.com>",
                "<@mx.example.com:victim@example.org@mx.example.com>",
                "<victim@mx.example.com>",
                "<postmaster@example.org>",
                "<postmaster@example.com>",
                "<postmaster@sub.mx.example.com>",
                "<postmaster@mx.example.com.example.org>",
                "<postmaster%example.org@mx.example.com>",
                "<\"postmaster\"@mx.example.com>",
                "<postmaster@[127.0.0.1]>",
                "<postmaster@localhost>",
                "<victim@localhost>",
                "<victim@example.org.>",
                "<victim@mx.example.com.example.org>"
            })
    void stranger_cannotRelay(String path) throws IOException {
        try (var reception = TestReception.start(TestReception.NOBODY, SessionLimits.DEFAULT);
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<spammer@mx.example.com>", "250");
            talk.command("RCPT TO:" + path, "5");
            talk.command("DATA", "554 5.5.1");
        }
    }

    @Test
    void stranger_isToldWhy() throws IOException {
        try (var reception =
                        TestReception.start(
                                TestReception.networks("192.0.2.0/24", "2001:db8::/32"),
                                SessionLimits.DEFAULT);
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<>", "250");
            talk.command(
                    "RCPT TO:<a@example.org>",
                    "550 5.7.1 Relaying denied: relay-from does not list 127.0.0.1");
        }
    }

    @Test
    void postmaster_isReachedFromAnywhere_atOurHostName() throws IOException {
        try (var reception = TestReception.start(TestReception.NOBODY, SessionLimits.DEFAULT);
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<>", "250");
            talk.command("RCPT TO:<POSTmaster>", "250");
            talk.command("DATA", "354");
            talk.command(".", "250");
            var path = reception.onlyMessage().envelope().recipients().getFirst().path();
            assertThat(path.address()).isEqualTo("POSTmaster@mx.example.com");
            assertThat(path.domain().value()).isEqualTo("mx.example.com");
        }
    }

    @Test
    void strangersMail_isNeverReportedAbout_soThatNoReportRelaysIt() throws IOException {
        try (var reception = TestReception.start(TestReception.NOBODY, SessionLimits.DEFAULT);
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<victim@example.org> RET=FULL", "250");
            talk.command("RCPT TO:<postmaster> NOTIFY=SUCCESS,FAILURE", "250");
            talk.command("DATA", "354");
            talk.command("Subject: x\r\n\r\nspam\r\n.", "250");
            assertThat(reception.onlyMessage().envelope().dsnPolicy()).isEqualTo(DsnPolicy.NEVER);
        }
    }

    @Test
    void listedClient_relaysToTheDomainBehindTheLastAt() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<>", "250");
            talk.command("RCPT TO:<@relay.example:\"a@b\"@Example.ORG>", "250");
            talk.command("DATA", "354");
            talk.command(".", "250");
            var path = reception.onlyMessage().envelope().recipients().getFirst().path();
            assertThat(path.address()).isEqualTo("\"a@b\"@Example.ORG");
            assertThat(path.domain().value()).isEqualTo("example.org");
        }
    }
}
