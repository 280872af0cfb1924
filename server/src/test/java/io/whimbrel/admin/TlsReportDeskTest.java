package io.whimbrel.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.tlsrpt.TlsReportView;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

final class TlsReportDeskTest {
    private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");
    private static final TlsReportView VIEW =
            new TlsReportView(
                    new DomainName("a.test"),
                    LocalDate.parse("2026-11-27"),
                    "https",
                    "https://r.a.test/",
                    "waiting",
                    2,
                    NOW,
                    "HTTP status 503");

    private final Map<LocalDate, String> texts = new HashMap<>();
    private final List<Optional<DomainName>> hastened = new ArrayList<>();
    private final TlsReportDesk desk =
            new TlsReportDesk(
                    new TlsReportDesk.Reports(
                            (_, day) -> Optional.ofNullable(texts.get(day)),
                            domain ->
                                    domain.isEmpty() || domain.get().equals(VIEW.domain())
                                            ? List.of(VIEW)
                                            : List.of(),
                            domain -> {
                                hastened.add(domain);
                                return 3;
                            }),
                    InstantSource.fixed(NOW));
    private final List<String> lines = new ArrayList<>();

    private Optional<String> ask(String verb, String... fields)
            throws RequestException, IOException {
        lines.clear();
        ObjectNode request = Json.object().put("verb", verb);
        for (int i = 0; i < fields.length; i += 2) {
            if (fields[i + 1].equals("true")) {
                request.put(fields[i], true);
            } else {
                request.put(fields[i], fields[i + 1]);
            }
        }
        return desk.handle(
                new AdminRequest(request, NOW), new AdminAnswer(line -> lines.add(line.strip())));
    }

    @Test
    void report_isOfYesterday_today_orADay() throws RequestException, IOException {
        texts.put(LocalDate.parse("2026-11-27"), "{\"is\":\"yesterday\"}");
        texts.put(LocalDate.parse("2026-11-28"), "{\"is\":\"today\"}");
        texts.put(LocalDate.parse("2026-11-26"), "{\"is\":\"older\"}");

        assertThat(ask("tls-report", "domain", "a.test")).isEmpty();
        assertThat(lines).containsExactly("{\"is\":\"yesterday\"}");
        ask("tls-report", "domain", "a.test", "today", "true");
        assertThat(lines).containsExactly("{\"is\":\"today\"}");
        ask("tls-report", "domain", "a.test", "day", "2026-11-26");
        assertThat(lines).containsExactly("{\"is\":\"older\"}");
        assertThat(ask("tls-report", "domain", "a.test", "day", "2026-11-01"))
                .contains("no session with hosts of a.test was counted on 2026-11-01 (UTC)");
        assertThatThrownBy(() ->
                        ask("tls-report", "domain", "a.test", "day", "2026-11-01", "today", "true"))
                .hasMessageContaining("Give one of them");
    }

    @Test
    void whatBecameOfReports_isListed() throws RequestException, IOException {
        assertThat(ask("tls-reports")).isEmpty();
        assertThat(lines)
                .containsExactly(
                        "{\"domain\":\"a.test\",\"day\":\"2026-11-27\",\"kind\":\"https\","
                                + "\"to\":\"https://r.a.test/\",\"state\":\"waiting\",\"tries\":2,"
                                + "\"at\":\"2026-11-28T12:00:00Z\",\"text\":\"HTTP status 503\"}");
        ask("tls-reports", "domain", "b.test");
        assertThat(lines).isEmpty();
    }

    @Test
    void send_isOfOneDomainOrAll() throws RequestException, IOException {
        ask("tls-reports-send", "domain", "a.test");
        ask("tls-reports-send");
        assertThat(lines).containsExactly("{\"steps\":3}");
        assertThat(hastened).containsExactly(Optional.of(VIEW.domain()), Optional.empty());
    }
}
