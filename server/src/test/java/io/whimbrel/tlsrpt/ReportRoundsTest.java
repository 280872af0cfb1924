package io.whimbrel.tlsrpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.whimbrel.dns.TextAnswer;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.LocalMail;
import io.whimbrel.reception.LocalTerms;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.transport.TlsPolicy;
import io.whimbrel.transport.TlsReport;
import io.whimbrel.transport.TlsResults;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;

/// Days of reporting, driven by the clock of the test.
final class ReportRoundsTest {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final DomainName BOTH = new DomainName("both.test");
    private static final DomainName QUIET = new DomainName("quiet.test");
    private static final Duration STEP = Duration.ofMinutes(10);
    private static final TlsReportSettings SETTINGS =
            new TlsReportSettings(
                    TlsReportSettings.mailbox("reports@mta.test"),
                    new TlsReport.Sender("Us", "us@mta.test", "mx1.mta.test"),
                    ReversePath.NULL,
                    MailStream.NONE,
                    1 << 20,
                    1,
                    Duration.ofHours(4));

    private final DayClock clock = new DayClock("2026-11-02T00:00:00Z");
    private final Random random = new Random(3);
    private final Metrics metrics = new Metrics();
    private final TlsResults results = new TlsResults(clock);
    private final Map<String, TextAnswer> records = new HashMap<>();
    private final List<String> sent = new CopyOnWriteArrayList<>();
    private final List<Instant> sentAt = new CopyOnWriteArrayList<>();
    private TlsReportSettings settings = SETTINGS;
    private SmtpReply reply = SmtpReply.of(250, 2, 0, 0, "queued");
    private int code = 200;
    private ReportBook book = new ReportBook();
    private ReportRounds rounds = rounds();
    private int saved;

    ReportRoundsTest() {
        records.put(
                "_smtp._tls.both.test",
                texts("v=TLSRPTv1; rua=mailto:r@both.test,https://r.both.test/x"));
    }

    private static TextAnswer texts(String text) {
        return new TextAnswer.Texts(List.of(text), Duration.ofMinutes(5));
    }

    private ReportRounds rounds() {
        return new ReportRounds(book, results, random, metrics, clock);
    }

    private ReportCourier courier() {
        return new ReportCourier(
                settings,
                name -> records.getOrDefault(name, new TextAnswer.NoText(Duration.ZERO)),
                (sender, step) -> results.report(sender, step.domain(), step.day()),
                this::handIn,
                this::post);
    }

    private SmtpReply handIn(LocalTerms terms, LocalMail mail, byte[] message) {
        assertThat(message.length).isLessThan((int) terms.messageBytesMax());
        if (reply.isPositive()) {
            sent.add(day() + " " + mail.recipients().getFirst().path().address());
            sentAt.add(clock.instant());
        }
        return reply;
    }

    private ReportPost.Answer post(ReportTarget.Web target, byte[] body) throws IOException {
        if (code == 0) {
            throw new ConnectException("nobody\r\nthere");
        }
        if (code < 300) {
            sent.add(day() + " " + target.text());
            sentAt.add(clock.instant());
        }
        return new ReportPost.Answer(code);
    }

    private LocalDate day() {
        return LocalDate.parse(clock.instant().toString().substring(0, 10)).minusDays(1);
    }

    /// Lives on for so long, in steps as the node's ticker makes them, only larger.
    private void live(Duration duration) {
        Instant end = clock.instant().plus(duration);
        while (clock.instant().isBefore(end)) {
            clock.advance(STEP);
            rounds.run(courier(), () -> saved++);
        }
    }

    /// As a stop and a start do.
    private void restart() throws DamagedException {
        ObjectNode file = MAPPER.createObjectNode();
        book.writeTo(file);
        book = new ReportBook();
        book.restore(MAPPER.readTree(MAPPER.writeValueAsString(file)));
        rounds = rounds();
    }

    private void session(DomainName domain) {
        results.succeeded(domain, TlsPolicy.MAY);
    }

    @Test
    void week_sendsEachDayOnce_toEverybodyWhoAsked_overRestarts() throws DamagedException {
        for (int day = 0; day < 7; day++) {
            session(BOTH);
            session(QUIET);
            for (int part = 0; part < 4; part++) {
                live(Duration.ofHours(6));
                restart();
            }
        }
        live(Duration.ofDays(1));

        assertThat(sent).hasSize(14).doesNotHaveDuplicates();
        assertThat(sent)
                .contains("2026-11-02 r@both.test", "2026-11-08 https://r.both.test/x")
                .noneMatch(it -> it.contains("quiet"));
        assertThat(sentAt)
                .allSatisfy(at ->
                        assertThat(at.toString().substring(11)).isBetween("00:00", "04:10:01Z"));
        assertThat(sentAt.stream().map(at -> at.toString().substring(11)).distinct().count())
                .isGreaterThan(1);
        // Days whose counts are gone are forgotten.
        assertThat(book.lines(Optional.empty()).size()).isLessThanOrEqualTo(8);
        assertThat(saved).isPositive();
        assertThat(exposed("sent", "mailto")).isEqualTo(7);
    }

    private double exposed(String outcome, String kind) {
        double sum = 0;
        for (MetricSnapshot one : metrics.registry().scrape()) {
            for (DataPointSnapshot point : one.getDataPoints()) {
                boolean isMeant =
                        one.getMetadata().getName().equals("whimbrel_tls_reports")
                                && outcome.equals(point.getLabels().get("outcome"))
                                && kind.equals(point.getLabels().get("kind"));
                if (isMeant && point instanceof CounterDataPointSnapshot counter) {
                    sum += counter.getValue();
                }
            }
        }
        return sum;
    }

    @Test
    void nodeThatWasDownAtMidnight_sendsWhatItMissed_atOnce() {
        session(BOTH);
        clock.advance(Duration.ofDays(1));
        session(BOTH);
        clock.advance(Duration.ofDays(1).plusHours(5));

        live(STEP);

        assertThat(sent).hasSize(4);
        assertThat(book.lines(Optional.of(BOTH)))
                .extracting(it -> it.step().day())
                .contains(LocalDate.parse("2026-11-02"), LocalDate.parse("2026-11-03"));
    }

    @Test
    void withoutAnAuthor_nothingIsSent_untilAReloadNamesOne() {
        settings = TlsReportSettings.none("mx1.mta.test");
        session(BOTH);
        live(Duration.ofDays(1).plusHours(12));
        assertThat(sent).isEmpty();
        assertThat(book.lines(Optional.empty())).isEmpty();

        settings = SETTINGS;
        live(STEP);
        assertThat(sent).hasSize(2);
    }

    @Test
    void failures_areTriedAgain_withLongerAndLongerPauses_forADay() {
        reply = SmtpReply.of(452, 4, 3, 1, "Full");
        code = 0;
        session(BOTH);
        live(Duration.ofDays(1).plusHours(5));

        List<ReportBook.Line> waiting = book.lines(Optional.of(BOTH));
        assertThat(waiting)
                .filteredOn(it -> it.fate() instanceof Fate.Waiting)
                .hasSize(2)
                .allSatisfy(it -> assertThat(((Fate.Waiting) it.fate()).tries()).isBetween(4, 8));
        assertThat(waiting)
                .map(TlsReportView::of)
                .extracting(TlsReportView::text)
                .contains("nobody??there", "452 4.3.1 Full");

        code = 503;
        live(Duration.ofDays(1));
        assertThat(book.lines(Optional.of(BOTH)))
                .map(TlsReportView::of)
                .extracting(TlsReportView::state, TlsReportView::text)
                .contains(
                        tuple("given-up", "HTTP status 503"), tuple("given-up", "452 4.3.1 Full"));
        assertThat(sent).isEmpty();
        assertThat(exposed("given_up", "https")).isEqualTo(1);
        assertThat(exposed("failed", "https")).isBetween(6.0, 9.0);
    }

    @Test
    void failureThatEnds_isFollowedByOneReport() {
        code = 500;
        session(BOTH);
        live(Duration.ofDays(1).plusHours(6));
        assertThat(sent).containsExactly("2026-11-02 r@both.test");

        code = 202;
        live(Duration.ofHours(16));
        assertThat(sent)
                .containsExactly("2026-11-02 r@both.test", "2026-11-02 https://r.both.test/x");
    }

    @Test
    void dnsThatDoesNotAnswer_isAskedAgain() {
        TextAnswer record = records.get("_smtp._tls.both.test");
        records.put("_smtp._tls.both.test", new TextAnswer.TemporaryFailure("SERVFAIL"));
        session(BOTH);
        live(Duration.ofDays(1).plusHours(5));
        assertThat(sent).isEmpty();

        records.put("_smtp._tls.both.test", record);
        live(Duration.ofHours(8));
        assertThat(sent).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"552 too large", "554 refused"})
    void refusedForGood_isGivenUpAtOnce(String text) {
        reply = SmtpReply.of(Integer.parseInt(text.substring(0, 3)), 5, 3, 4, text);
        session(BOTH);
        live(Duration.ofDays(1).plusHours(5));

        assertThat(book.lines(Optional.empty()))
                .filteredOn(it -> it.step().kind().equals("mailto"))
                .singleElement()
                .satisfies(it -> assertThat(it.fate()).isInstanceOf(Fate.GivenUp.class));
    }

    @Test
    void largeReport_andFewSessions_areNotSent() {
        settings =
                new TlsReportSettings(
                        SETTINGS.from(),
                        SETTINGS.sender(),
                        ReversePath.NULL,
                        MailStream.NONE,
                        20,
                        2,
                        Duration.ZERO);
        session(BOTH);
        session(BOTH);
        session(new DomainName("once.test"));
        session(new DomainName("[192.0.2.1]"));
        session(new DomainName("[192.0.2.1]"));
        live(Duration.ofDays(1).plusHours(1));

        assertThat(sent).isEmpty();
        assertThat(book.lines(Optional.empty()))
                .map(TlsReportView::of)
                .extracting(it -> it.domain() + " " + it.kind() + " " + it.state())
                .containsExactly(
                        "both.test dns done",
                        "both.test mailto given-up",
                        "both.test https given-up");
    }

    @Test
    void hasten_makesWhatWaitsDue() {
        session(BOTH);
        clock.advance(Duration.ofDays(1));
        rounds.run(courier(), () -> saved++);
        assertThat(sent).isEmpty();

        assertThat(book.hasten(Optional.of(QUIET), clock.instant())).isZero();
        assertThat(book.hasten(Optional.of(BOTH), clock.instant())).isEqualTo(1);
        rounds.run(courier(), () -> saved++);
        assertThat(sent).hasSize(2);
        assertThat(book.hasten(Optional.empty(), clock.instant())).isZero();
    }

    @Test
    void close_beginsNothingMore() {
        session(BOTH);
        rounds.close();
        live(Duration.ofDays(2));
        assertThat(sent).isEmpty();
    }

    @Test
    void steps_areBounded() {
        List<DomainName> domains =
                IntStream.range(0, ReportBook.STEPS_MAX + 7)
                        .mapToObj(i -> new DomainName("d" + i + ".test"))
                        .toList();
        LocalDate day = LocalDate.parse("2026-11-01");

        assertThat(book.plan(day, domains, () -> Duration.ZERO, clock.instant())).isEqualTo(7);
        Step first = book.due(clock.instant(), 10).getFirst();
        book.answered(
                first, List.of(ReportTarget.of("https://x.test/").orElseThrow()), clock.instant());
        assertThat(book.lines(Optional.empty())).hasSize(ReportBook.STEPS_MAX);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"steps\":[1]}",
                "{\"steps\":[{\"domain\":\"\",\"day\":\"2026-11-01\","
                        + "\"at\":\"2026-11-01T00:00:00Z\","
                        + "\"state\":\"done\"}]}",
                "{\"steps\":[{\"domain\":\"a.test\",\"day\":\"2026-11-01\",\"to\":\"ftp://x\","
                        + "\"at\":\"2026-11-01T00:00:00Z\",\"state\":\"done\"}]}",
                "{\"steps\":[{\"domain\":\"a.test\",\"day\":\"2026-11-01\","
                        + "\"at\":\"2026-11-01T00:00:00Z\",\"state\":\"odd\"}]}",
                "{\"steps\":[{\"domain\":\"a.test\",\"day\":\"2026-11-01\","
                        + "\"at\":\"2036-11-01T00:00:00Z\",\"state\":\"done\"}]}",
                "{\"steps\":[{\"domain\":\"a.test\",\"day\":\"x\",\"state\":\"done\"}]}"
            })
    void damagedFile_isRefused_andNothingIsTaken(String text) {
        assertThatThrownBy(() -> book.restore(MAPPER.readTree(text)))
                .isInstanceOf(DamagedException.class);
        assertThat(book.lines(Optional.empty())).isEmpty();
    }
}
