package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ClientSession;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.TlsAchieved;
import io.whimbrel.wire.Trouble;
import io.whimbrel.wire.Wire;

import java.io.IOException;
import java.net.ProtocolException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLException;

/// What is said from the greeting to the first MAIL: EHLO, and STARTTLS where the host offers it
/// (RFC 5321 §4.1.4, RFC 3207); or TLS before anything (RFC 8314 §3.3). Whether the TLS that comes
/// of it is enough is for others to say. Confined to one thread, used once.
final class Introduction {
    private static final int READY = 220;
    private static final int SERVICE_CLOSING = 421;

    private final Wire wire;
    private final Handshake handshake;
    private final Timeouts timeouts;
    private Stage stage = Stage.GREETING;
    private Optional<ClientSession> agreed = Optional.empty();
    private String refusalOfTls = "";

    /// When and how TLS begins.
    ///
    /// @param tls trusts, and what is believed
    /// @param start when
    /// @param own our certificate, where the host asks for one
    /// @param serverName what the host is told that we take it for
    record Handshake(
            OutboundTls tls, Start start, Optional<CertificateFiles> own, String serverName) {}

    /// When TLS begins.
    enum Start {
        NEVER,
        BY_STARTTLS,
        AT_ONCE
    }

    Introduction(Wire wire, Handshake handshake, Timeouts timeouts) {
        this.wire = wire;
        this.handshake = handshake;
        this.timeouts = timeouts;
    }

    /// Leads to an open session, or closes the wire and says why there is none.
    Opening introduce(HostAddress host, HostPlace place, SourceAddress source, Protocol protocol) {
        try {
            if (handshake.start() == Start.AT_ONCE) {
                startTls();
                stage = Stage.GREETING;
            }
            Optional<SmtpReply> refusal = greeting();
            if (refusal.isPresent()) {
                return refused(host, source, refusal.get());
            }
            SmtpReply hello = hello(source, protocol);
            if (!hello.isPositive()) {
                return refused(host, source, hello);
            }
            Extensions offered = Extensions.parse(hello);
            if (handshake.start() == Start.BY_STARTTLS && offered.startTls()) {
                SmtpReply answer = wire.exchange("STARTTLS", timeouts.command());
                if (answer.code() == SERVICE_CLOSING) {
                    return refused(host, source, answer);
                }
                // A host that offers TLS and then would rather not goes on in plain text.
                if (answer.code() == READY) {
                    startTls();
                    // RFC 3207 §4.2: what was offered in plain text is forgotten.
                    hello = hello(source, protocol);
                    if (!hello.isPositive()) {
                        return refused(host, source, hello);
                    }
                    offered = Extensions.parse(hello);
                } else {
                    refusalOfTls = answer.toString();
                }
            }
            TlsAchieved achieved = achieved(place, offered);
            var terms = new RemoteSession.Terms(host, source, protocol, offered, achieved);
            return new Opening.Opened(new RemoteSession(wire, terms, timeouts));
        } catch (IOException e) {
            wire.close();
            var peer = new Peer(host.described(), agreedTls(), false);
            return new Opening.Failed(
                    new ConnectionLost(peer, stageOf(e), Trouble.described(e)), source.name());
        }
    }

    /// By TLS 1.3 a host that does not like our certificate says so behind the handshake, in an
    /// alert. Who hangs up there, or says nothing, has not failed at TLS: he may want no more mail
    /// for a while.
    private Stage stageOf(IOException e) {
        return e instanceof SSLException && agreed.isPresent() ? Stage.TLS : stage;
    }

    private TlsAchieved achieved(HostPlace place, Extensions offered) {
        return new TlsAchieved(
                new TlsAchieved.Facts(
                        place,
                        agreedTls(),
                        agreed.map(ClientSession::chain).orElse(List.of()),
                        handshake.own(),
                        agreed.isPresent() && offered.requireTls(),
                        refusalOfTls),
                handshake.tls().trust());
    }

    private String agreedTls() {
        return agreed.map(ClientSession::description).orElse("");
    }

    /// @return the answer of a host that does not want us
    private Optional<SmtpReply> greeting() throws IOException {
        SmtpReply reply = wire.reply(timeouts.greeting());
        if (reply.isPositive() && reply.code() != READY) {
            throw new ProtocolException("unexpected greeting: " + reply);
        }
        return reply.isPositive() ? Optional.empty() : Optional.of(reply);
    }

    /// EHLO, or HELO to hosts that do not know it (RFC 5321 §3.2); LHLO in LMTP.
    private SmtpReply hello(SourceAddress source, Protocol protocol) throws IOException {
        stage = Stage.EHLO;
        String verb =
                switch (protocol) {
                    case SMTP -> "EHLO ";
                    case LMTP -> "LHLO ";
                };
        SmtpReply reply = checked(wire.exchange(verb + source.ehloName(), timeouts.command()));
        if (!reply.isPermanent() || protocol == Protocol.LMTP) {
            return reply;
        }
        SmtpReply helo = checked(wire.exchange("HELO " + source.ehloName(), timeouts.command()));
        // Its further lines, if any, offer nothing: HELO has no extensions.
        return helo.isPositive() ? SmtpReply.plain(helo.code(), helo.lines().getFirst()) : reply;
    }

    private void startTls() throws IOException {
        stage = Stage.TLS;
        Duration most = handshake.tls().settings().handshakeMost();
        Duration least = timeouts.command().compareTo(most) < 0 ? timeouts.command() : most;
        agreed =
                Optional.of(
                        wire.startTls(
                                handshake.tls().client(),
                                handshake.serverName(),
                                handshake.own(),
                                least));
    }

    private Opening.Failed refused(HostAddress host, SourceAddress source, SmtpReply reply) {
        wire.close();
        var peer = new Peer(host.described(), agreedTls(), false);
        return new Opening.Failed(new Refused(peer, stage, reply), source.name());
    }

    private static SmtpReply checked(SmtpReply reply) throws ProtocolException {
        if (reply.isPositive() && reply.code() >= 300) {
            throw new ProtocolException("unexpected answer: " + reply);
        }
        return reply;
    }
}
