package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

final class RouteFaultsTest {
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final RouteFaults faults = new RouteFaults(now::get);
    private final Logger log = (Logger) LoggerFactory.getLogger(RouteFaults.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    @BeforeEach
    void listen() {
        logged.start();
        log.addAppender(logged);
    }

    @AfterEach
    void stopListening() {
        log.detachAppender(logged);
    }

    @Test
    void log_saysEachNameOnceAMinute_theReplySaysItAlways() {
        for (int i = 0; i < 100; i++) {
            assertThat(faults.reply("smtp://one.test:25", "gone").isTransient()).isTrue();
        }
        faults.reply("smtp://two.test:25", "gone");
        assertThat(warned("one.test", "two.test")).containsExactly(1L, 1L);

        now.set(Instant.EPOCH.plus(RouteFaults.SILENCE));
        faults.reply("smtp://one.test:25", "gone");
        faults.reply("smtp://one.test:25", "gone");

        assertThat(warned("one.test", "two.test")).containsExactly(2L, 1L);
    }

    private List<Long> warned(String... names) {
        return List.of(names).stream()
                .map(name ->
                        List.copyOf(logged.list).stream()
                                .filter(it -> it.getFormattedMessage().contains(name))
                                .count())
                .toList();
    }
}
