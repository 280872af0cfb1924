package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.Quotas;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Proxies;
import io.whimbrel.tls.OpenSsl;
import io.whimbrel.tls.ServerTlsSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/// What an operator learns of certificates: how long they last, in log, status and metrics.
class ListenerCertificatesTest {
    @TempDir private Path folder;

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    private final InstantSource clock = now::get;
    private final Metrics metrics = new Metrics();

    private ListenSettings settings(ListenTls tls) {
        ListenSettings plain =
                TestReception.settings(TestReception.EVERYBODY, SessionLimits.DEFAULT);
        return new ListenSettings(
                plain.hostName(),
                new Entrance(plain.address(), 0600, false, Proxies.NONE, tls),
                plain.access(),
                plain.handling(),
                plain.limits());
    }

    private List<ListenTerms> terms(Doorkeeper doorkeeper, ListenTls tls) throws IOException {
        var resolver = new Resolver(DnsSettings.DEFAULT, clock);
        return doorkeeper.terms(ReceptionSettings.of(List.of(settings(tls))), resolver);
    }

    private String scraped() {
        return metrics.registry().scrape().stream()
                .filter(it -> it.getMetadata().getName().contains("certificate_expires"))
                .findFirst()
                .map(it ->
                        it.getDataPoints().stream().map(one -> one.getLabels()).toList().toString())
                .orElse("[]");
    }

    @Test
    void expiry_isAMetric_andAWarningEachDayFrom14DaysBefore() throws IOException {
        var files = new OpenSsl(folder).certificate("a", "ec");
        var tls = new ListenTls(TlsMode.STARTTLS, Optional.of(ServerTlsSettings.of(files)));
        var doorkeeper = new Doorkeeper(new Quotas(clock, metrics.door), metrics, clock);
        var log = new ListAppender<ILoggingEvent>();
        log.start();
        var logger = (Logger) LoggerFactory.getLogger(Doorkeeper.class);
        logger.addAppender(log);
        try {
            Instant expires = terms(doorkeeper, tls).getFirst().tls().orElseThrow().expires();
            assertThat(scraped()).contains("127.0.0.1:0");
            assertThat(log.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anySatisfy(line -> assertThat(line).startsWith("TLS by "));
            log.list.clear();
            for (int day : new int[] {15, 14, 13, 13, 12}) {
                now.set(expires.minus(day, ChronoUnit.DAYS).plusSeconds(60));
                doorkeeper.refreshCertificates();
            }
            assertThat(log.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .filteredOn(line -> line.contains("expires in"))
                    .hasSize(3)
                    .first()
                    .asString()
                    .contains("a.crt expires in 13 days, at " + expires);
            terms(doorkeeper, ListenTls.NONE);
            assertThat(scraped()).doesNotContain("127.0.0.1");
        } finally {
            logger.detachAppender(log);
        }
    }
}
