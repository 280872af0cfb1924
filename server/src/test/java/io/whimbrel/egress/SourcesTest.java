package io.whimbrel.egress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.net.BindException;
import java.net.InetAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

final class SourcesTest {
    private static final InetAddress TARGET = InetAddress.ofLiteral("127.0.0.1");
    private static final InetAddress TARGET_6 = InetAddress.ofLiteral("::1");
    private static final SourceAddress FIRST = source("s1", "127.0.0.5");
    private static final SourceAddress SECOND = source("s2", "127.0.0.6");
    private static final SourceAddress ABSENT = source("s3", "192.0.2.10");
    private static final SourceAddress UNNAMED = new SourceAddress("", Optional.empty(), "x.test");

    private final InstantSource clock = InstantSource.fixed(Instant.EPOCH);

    @Test
    void usableSources_areUsedInTurn() {
        Sources sources = sources(FIRST, SECOND);

        SourceAddress one = sources.next(TARGET).orElseThrow();
        SourceAddress two = sources.next(TARGET).orElseThrow();

        assertThat(List.of(one, two)).containsExactlyInAnyOrder(FIRST, SECOND);
        assertThat(sources.next(TARGET)).contains(one);
    }

    @Test
    void addressNotOnThisMachine_isLeftOut() {
        Sources sources = sources(ABSENT, FIRST);

        assertThat(sources.next(TARGET)).contains(FIRST);
        assertThat(sources.next(TARGET)).contains(FIRST);
        assertThat(sources.trouble()).isEmpty();
    }

    @Test
    void noUsableSource_saysWhy() {
        Sources sources = sources(ABSENT);

        assertThat(sources.next(TARGET)).isEmpty();
        assertThat(sources.trouble())
                .contains("source s3: address 192.0.2.10 is not on this machine");
    }

    @Test
    void addressThatIsThere_isNotBlamedForWhatElseTheKernelLacks() {
        var reason = new BindException("Address already in use");

        assertThat(Sources.described(InetAddress.ofLiteral("127.0.0.5"), reason))
                .isEqualTo(
                        "nothing can be bound to 127.0.0.5 (Address already in use): no port is"
                                + " left, or files are at their limit");
        assertThat(Sources.described(InetAddress.ofLiteral("192.0.2.10"), reason))
                .isEqualTo("address 192.0.2.10 is not on this machine");
    }

    @Test
    void sourceOfTheOtherFamily_cannotReach() {
        Sources sources = sources(FIRST);

        assertThat(sources.reaches(TARGET)).isTrue();
        assertThat(sources.reaches(TARGET_6)).isFalse();
        assertThat(sources.next(TARGET_6)).isEmpty();
    }

    @Test
    void unnamedSource_reachesLoopbackOfBothFamilies() {
        Sources sources = sources(UNNAMED);

        assertThat(sources.next(TARGET)).contains(UNNAMED);
        assertThat(sources.next(TARGET_6)).contains(UNNAMED);
    }

    private Sources sources(SourceAddress... configured) {
        return new Sources(List.of(configured), clock);
    }

    private static SourceAddress source(String name, String address) {
        return new SourceAddress(name, Optional.of(InetAddress.ofLiteral(address)), name + ".test");
    }
}
