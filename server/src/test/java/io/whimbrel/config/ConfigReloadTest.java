package io.whimbrel.config;

import static io.whimbrel.config.ConfigFileTest.LEAST;
import static io.whimbrel.config.ConfigFileTest.valid;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConfigReloadTest {

    @Test
    void theSameFile_needsNoRestart() {
        assertThat(Config.restartNeeded(valid(LEAST), valid(LEAST))).isEmpty();
    }

    @Test
    void anotherWayToSayTheSame_needsNoRestart() {
        String same = LEAST + "max-connections = 10000\n[spool]\nsegment = \"65536KiB\"\n";
        assertThat(Config.restartNeeded(valid(LEAST), valid(same))).isEmpty();
    }

    @Test
    void termsOfAListener_routesAndRetry_needNoRestart() {
        String changed =
                LEAST
                        + """
                        relay-from = ["10.0.0.0/8"]
                        tenant = "a"
                        max-message = "1MiB"
                        [[source]]
                        name = "s1"
                        address = "192.0.2.1"
                        [[route]]
                        domain = "*"
                        to = "smtp://127.0.0.1:99"
                        [retry]
                        first = "1m"
                        [delivery]
                        connections = 3
                        """;
        assertThat(Config.restartNeeded(valid(LEAST), valid(changed))).isEmpty();
    }

    @Test
    void everyKeyThatNeedsARestart_isNamed() {
        String changed =
                """
                [node]
                name = "mx2.example.com"
                data = "/srv/whimbrel"
                [[listen]]
                address = "127.0.0.1:2525"
                max-connections = 5
                [spool]
                segment = "1MiB"
                outcome-sync = "1ms"
                [events]
                total = "1GiB"
                """;
        assertThat(Config.restartNeeded(valid(LEAST), valid(changed)))
                .containsExactly(
                        "events.total",
                        "listen.max-connections",
                        "node.data",
                        "node.name",
                        "spool.outcome-sync",
                        "spool.segment");
    }

    @Test
    void aListenerMore_aListenerLess_aListenerElsewhere_nameTheAddress() {
        String more = LEAST + "[[listen]]\naddress = \"127.0.0.1:2526\"\nmax-connections = 7\n";
        String elsewhere = LEAST.replace("2525", "2526");
        assertThat(Config.restartNeeded(valid(LEAST), valid(more)))
                .containsExactly("listen.address");
        assertThat(Config.restartNeeded(valid(more), valid(LEAST)))
                .containsExactly("listen.address");
        assertThat(Config.restartNeeded(valid(LEAST), valid(elsewhere)))
                .containsExactly("listen.address");
    }

    @Test
    void theOrderOfListeners_needsNoRestart() {
        String second = "[[listen]]\naddress = \"127.0.0.1:2526\"\n";
        String first = "[node]\nname = \"mx1.example.com\"\n";
        String third = "[[listen]]\naddress = \"127.0.0.1:2527\"\n";
        assertThat(
                        Config.restartNeeded(
                                valid(first + second + third), valid(first + third + second)))
                .isEmpty();
    }
}
