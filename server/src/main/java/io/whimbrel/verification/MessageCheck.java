package io.whimbrel.verification;

import io.whimbrel.dkim.Bodies;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.MessageReader;
import io.whimbrel.metrics.VerificationMetrics;
import io.whimbrel.smtp.ByteSink;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.verification.SpfVerdict.SpfResult;
import io.whimbrel.verification.VerificationSettings.Check;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The checks of one message: takes its bytes as they come, dots unstuffed, lines with CRLF, and
/// tells its verdicts at the end. Confined to one thread; that it asks the DNS on others, some ten
/// at once, does not show. Nothing of the body is kept, and at most 256 KiB of the header.
///
/// [#end] waits for answers, at most about 20 s for each kind of check. Close it in any case: a
/// message that is given up leaves no question behind.
public final class MessageCheck implements ByteSink, AutoCloseable {
    private static final String TOO_LARGE = "the header is too large";

    private final VerificationSettings settings;
    private final Lookups lookups;
    private final VerificationMetrics metrics;
    private final InstantSource clock;
    private final InetAddress client;
    private final Optional<Pending<SpfVerdict>> spf;
    private final SpfClient spfClient;
    private final Instant begun;
    private final MessageReader reader;
    private final Bodies bodies = new Bodies();
    private Optional<Keys> keys = Optional.empty();
    private Optional<DkimCheck> dkim = Optional.empty();
    private Optional<ArcCheck> arc = Optional.empty();
    private Optional<DmarcCheck> dmarc = Optional.empty();

    MessageCheck(
            VerificationSettings settings,
            Lookups lookups,
            VerificationMetrics metrics,
            InstantSource clock,
            SpfClient spfClient) {
        this.settings = settings;
        this.lookups = lookups;
        this.metrics = metrics;
        this.clock = clock;
        this.client = spfClient.address();
        this.spfClient = spfClient;
        this.begun = clock.instant();
        this.spf =
                settings.checks().contains(Check.SPF)
                        ? Optional.of(
                                new Pending<>(
                                        "spf-lookup",
                                        () -> SpfCheck.run(lookups, spfClient, "unknown", clock)))
                        : Optional.empty();
        this.reader = new MessageReader(MessageReader.Bounds.OF_STRANGERS, new Parts());
    }

    private final class Parts implements MessageReader.Listener {
        @Override
        public void header(HeaderFields fields) {
            begin(fields);
        }

        @Override
        public void body(byte[] bytes, int from, int length) {
            bodies.write(bytes, from, length);
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        reader.write(bytes, from, length);
    }

    private void begin(HeaderFields header) {
        Set<Check> checks = settings.checks();
        var wanted = new Keys(lookups, clock);
        keys = Optional.of(wanted);
        if (checks.contains(Check.DKIM)) {
            dkim = Optional.of(new DkimCheck(header, wanted, bodies, clock));
        }
        if (checks.contains(Check.ARC)) {
            arc = Optional.of(new ArcCheck(header, wanted, bodies, clock));
        }
        if (checks.contains(Check.DMARC)) {
            dmarc = Optional.of(new DmarcCheck(header, lookups, clock));
        }
    }

    /// The end of the message; to be called once, after its last byte.
    public Verdicts end() {
        boolean isRead = reader.finish();
        bodies.finish();
        Optional<SpfVerdict> spfVerdict = spf.map(this::await);
        Verdicts verdicts = isRead ? read(spfVerdict) : unread(spfVerdict);
        count(verdicts);
        return verdicts;
    }

    @Override
    public void close() {
        spf.ifPresent(Pending::cancel);
        keys.ifPresent(Keys::cancel);
        dmarc.ifPresent(DmarcCheck::cancel);
    }

    private SpfVerdict await(Pending<SpfVerdict> pending) {
        Instant deadline = begun.plus(SpfCheck.TIME_MAX);
        return pending.await(Duration.between(clock.instant(), deadline))
                .orElseGet(() ->
                        new SpfVerdict(
                                SpfResult.TEMPERROR,
                                spfClient.isHelo(),
                                spfClient.identity(),
                                spfClient.domain(),
                                "",
                                "out of time"));
    }

    private Verdicts read(Optional<SpfVerdict> spfVerdict) {
        List<DkimVerdict> dkimVerdicts = dkim.map(DkimCheck::end).orElse(List.of());
        Optional<ArcVerdict> arcVerdict = arc.map(ArcCheck::end);
        Optional<DmarcVerdict> dmarcVerdict =
                dmarc.map(check -> check.end(spfVerdict.orElseThrow(), dkimVerdicts));
        return verdicts(spfVerdict, dkimVerdicts, dmarcVerdict, arcVerdict);
    }

    /// Of a message whose header nobody can be expected to read.
    private Verdicts unread(Optional<SpfVerdict> spfVerdict) {
        Set<Check> checks = settings.checks();
        return verdicts(
                spfVerdict,
                checks.contains(Check.DKIM)
                        ? List.of(DkimVerdict.unreadable(TOO_LARGE))
                        : List.of(),
                checks.contains(Check.DMARC)
                        ? Optional.of(DmarcVerdict.unreadable(0, TOO_LARGE))
                        : Optional.empty(),
                checks.contains(Check.ARC)
                        ? Optional.of(ArcVerdict.broken(0, TOO_LARGE))
                        : Optional.empty());
    }

    private Verdicts verdicts(
            Optional<SpfVerdict> spfVerdict,
            List<DkimVerdict> dkimVerdicts,
            Optional<DmarcVerdict> dmarcVerdict,
            Optional<ArcVerdict> arcVerdict) {
        Optional<SmtpReply> bySpf =
                spfVerdict.flatMap(it -> Refusal.of(it, settings.onSpfFail(), client));
        Optional<SmtpReply> byDmarc =
                dmarcVerdict.flatMap(it -> Refusal.of(it, settings.onDmarcFail()));
        return new Verdicts(
                client,
                spfVerdict,
                dkimVerdicts,
                dmarcVerdict,
                arcVerdict,
                bySpf.or(() -> byDmarc));
    }

    private void count(Verdicts verdicts) {
        verdicts.spf().ifPresent(it -> metrics.count("spf", it.result().word()));
        verdicts.dkim().forEach(it -> metrics.count("dkim", it.result().word()));
        verdicts.dmarc().ifPresent(it -> metrics.count("dmarc", it.result().word()));
        verdicts.arc().ifPresent(it -> metrics.count("arc", it.result().word()));
        verdicts.refusal().ifPresent(_ -> metrics.refused());
    }
}
