package io.whimbrel.delivery;

import io.whimbrel.delivery.Introduction.Handshake;
import io.whimbrel.delivery.Introduction.Start;
import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.IpText;
import io.whimbrel.metrics.TlsOutMetrics.Outcome;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.transport.DaneAnswer;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.StsAnswer;
import io.whimbrel.transport.TlsFailure;
import io.whimbrel.transport.TlsMemory;
import io.whimbrel.transport.TlsPolicy;
import io.whimbrel.transport.TlsResults;
import io.whimbrel.transport.TlsShortfall;

import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/// One call of one host, with as much TLS as is wanted: falls back to plain text where that is
/// allowed, lets go of a session that is not safe enough, and counts. Confined to one thread, used
/// once.
final class TlsCalls {
    private final TlsWish wish;
    private final OutboundTls tls;
    private final HostAddress host;
    private final SourceAddress source;
    private final InstantSource clock;

    TlsCalls(TlsWish wish, HostAddress host, SourceAddress source, InstantSource clock) {
        this.wish = wish;
        this.tls = wish.tls();
        this.host = host;
        this.source = source;
        this.clock = clock;
    }

    /// @param connect opens a connection and introduces us
    /// @param mayDialAgain asked before a second one
    Opening open(Function<Handshake, Opening> connect, BooleanSupplier mayDialAgain) {
        TlsPolicy policy = wish.policy(host);
        if (policy.demand() instanceof TlsPolicy.Demand.Impossible(TlsShortfall why)) {
            return refused(policy, why);
        }
        Start start =
                wish.isImplicit()
                        ? Start.AT_ONCE
                        : tls.isWorthTrying(policy, place(), host.address())
                                ? Start.BY_STARTTLS
                                : Start.NEVER;
        Optional<String> trouble =
                start == Start.NEVER
                        ? Optional.empty()
                        : policy.certificate().flatMap(tls.client()::trouble);
        if (trouble.isPresent()) {
            return failed(new NotTried(SmtpReply.of(451, 4, 3, 5, trouble.get())));
        }
        Opening opening =
                connect.apply(new Handshake(tls, start, policy.certificate(), serverName(policy)));
        return switch (opening) {
            case Opening.Opened(RemoteSession session) -> opened(policy, session, start);
            case Opening.Failed(ConnectionLost lost, var _)
                    when lost.stage() == AttemptResult.Stage.TLS ->
                    broken(policy, lost, connect, mayDialAgain);
            case Opening.Failed failed -> failed;
        };
    }

    private Opening opened(TlsPolicy policy, RemoteSession session, Start start) {
        Optional<TlsShortfall> missing = session.tls().shortfall(policy, clock.instant());
        if (missing.isPresent()) {
            session.quit();
            if (missing.get().kind() == TlsShortfall.Kind.NO_REQUIRETLS) {
                // Its TLS was as the domain wants it.
                succeeded(policy);
            }
            return refused(policy, missing.get());
        }
        if (!session.tls().isPlain()) {
            memory().broken().works(place(), host.address());
            count(policy, Outcome.SECURED, tls.observed(policy, session.tls()));
        } else if (start == Start.NEVER && policy.mayUseTls()) {
            var lately = failure(TlsFailure.VALIDATION_FAILURE, "the handshake failed lately");
            count(policy, Outcome.FELL_BACK, lately);
        } else if (policy.mayUseTls()) {
            memory().metrics().session(policy.text(), Outcome.PLAIN);
            report(policy, failure(TlsFailure.STARTTLS_NOT_SUPPORTED, ""));
        } else {
            memory().metrics().session(policy.text(), Outcome.PLAIN);
        }
        return new Opening.Opened(session);
    }

    private Opening broken(
            TlsPolicy policy,
            ConnectionLost lost,
            Function<Handshake, Opening> connect,
            BooleanSupplier mayDialAgain) {
        String text = "the TLS handshake failed: " + lost.detail();
        TlsShortfall why =
                new TlsShortfall(TlsFailure.VALIDATION_FAILURE, text, TlsShortfall.Kind.NOT_PROVEN);
        if (policy.needsTls()) {
            return refused(policy, why);
        }
        if (wish.isImplicit() || Thread.currentThread().isInterrupted()) {
            return failed(lost);
        }
        TlsResults.Failure failure = failure(why.failure(), lost.detail());
        if (!mayDialAgain.getAsBoolean()) {
            memory().metrics().failure(why.failure().text());
            report(policy, failure);
            // Nobody can say whether it is TLS that is broken; it would never get its turn else.
            tls.broke(place(), host.address());
            return failed(lost);
        }
        count(policy, Outcome.FELL_BACK, failure);
        Opening plain =
                connect.apply(new Handshake(tls, Start.NEVER, Optional.empty(), host.tlsName()));
        if (plain instanceof Opening.Opened) {
            // Where plain text fails as well it is not TLS that is broken.
            tls.broke(place(), host.address());
        }
        return plain;
    }

    /// RFC 7672 §8.1: that under which the TLSA records are.
    private String serverName(TlsPolicy policy) {
        return policy.demand() instanceof TlsPolicy.Demand.Dane(DaneAnswer.Usable usable)
                        && !usable.baseDomain().isEmpty()
                ? usable.baseDomain()
                : host.tlsName();
    }

    private HostPlace place() {
        return wish.place(host);
    }

    private Opening refused(TlsPolicy policy, TlsShortfall why) {
        memory().metrics().session(policy.text(), Outcome.REFUSED);
        memory().metrics().failure(why.failure().text());
        if (why.kind() != TlsShortfall.Kind.NO_REQUIRETLS) {
            report(policy, failure(why.failure(), why.text()));
        }
        return failed(new NotTried(why.reply(host.described(), policy)));
    }

    private Opening.Failed failed(AttemptResult result) {
        return new Opening.Failed(result, source.name());
    }

    private void count(TlsPolicy policy, Outcome outcome, Optional<TlsShortfall> observed) {
        memory().metrics().session(policy.text(), outcome);
        if (observed.isPresent()) {
            memory().metrics().failure(observed.get().failure().text());
            report(policy, failure(observed.get().failure(), observed.get().text()));
        } else {
            succeeded(policy);
        }
    }

    private void count(TlsPolicy policy, Outcome outcome, TlsResults.Failure failure) {
        memory().metrics().session(policy.text(), outcome);
        memory().metrics().failure(failure.type().text());
        report(policy, failure);
    }

    private void succeeded(TlsPolicy policy) {
        tell(policy, () -> memory().results().succeeded(domain(), policy));
    }

    private void report(TlsPolicy policy, TlsResults.Failure failure) {
        tell(policy, () -> memory().results().failed(domain(), policy, failure));
    }

    /// A session for which the policy of the domain could not be had is counted as that.
    private void tell(TlsPolicy policy, Runnable count) {
        if (!isReported(policy)) {
            return;
        }
        boolean isWithoutPolicy = false;
        if (wish.domain().sts() instanceof StsAnswer.Broken broken) {
            memory().results().withoutPolicy(domain(), broken);
            isWithoutPolicy = !policy.isByDane();
        }
        if (!isWithoutPolicy) {
            count.run();
        }
    }

    /// Reports are about hosts of the domain (RFC 8460 §1), and what it publishes of them; what one
    /// message wants beside that is no concern of theirs.
    private boolean isReported(TlsPolicy policy) {
        boolean isOfMessage =
                policy.basis() == TlsPolicy.Basis.MESSAGE
                        && (policy.demand() instanceof TlsPolicy.Demand.Verify
                                || policy.demand() instanceof TlsPolicy.Demand.Impossible);
        return place().isOfDomain() && !isOfMessage;
    }

    private TlsResults.Failure failure(TlsFailure type, String reason) {
        String from = source.address().map(IpText::of).orElse("");
        return new TlsResults.Failure(type, from, host.name(), IpText.of(host.address()), reason);
    }

    private DomainName domain() {
        return wish.domain().domain();
    }

    private TlsMemory memory() {
        return tls.memory();
    }
}
