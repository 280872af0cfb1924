package io.whimbrel.shaping;

import static io.whimbrel.shaping.Limits.GOOGLE;
import static io.whimbrel.shaping.Limits.SECOND;
import static io.whimbrel.shaping.Limits.START;
import static io.whimbrel.shaping.Limits.T1;
import static io.whimbrel.shaping.Limits.T2;
import static io.whimbrel.shaping.Limits.connection;
import static io.whimbrel.shaping.Limits.restraint;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.shaping.Opening.Opened;
import io.whimbrel.shaping.Restraint.Force;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Who may open a connection, and who waits for one to end.
@Timeout(60)
final class LimiterConnectionsTest {
    private static final Flow FLOW = connection(T1);

    private final List<Object> woken = new ArrayList<>();

    private Limiter limiter(LimitSettings... limits) {
        var limiter = new Limiter(List.of(limits));
        limiter.onFree(woken::add);
        return limiter;
    }

    private static boolean opens(Limiter limiter, Object path, long now) {
        return limiter.connect(FLOW, path, now) instanceof Opened;
    }

    private static Lease open(Limiter limiter, Object path, long now) {
        return open(limiter, FLOW, path, now);
    }

    private static Lease open(Limiter limiter, Flow flow, Object path, long now) {
        Opening opening = limiter.connect(flow, path, now);
        assertThat(opening).isInstanceOf(Opened.class);
        return ((Opened) opening).lease();
    }

    @Test
    void connections_beyondTheLimit_waitInOrder() {
        Limiter limiter = limiter(Limits.connections(GOOGLE, Set.of(), 1));
        Lease lease = open(limiter, "a", START);
        assertThat(lease.isWanted()).isFalse();
        assertThat(opens(limiter, "b", START)).isFalse();
        assertThat(opens(limiter, "b", START)).isFalse();
        assertThat(opens(limiter, "c", START)).isFalse();
        assertThat(lease.isWanted()).isTrue();

        lease.release(START + 1);
        lease.release(START + 1);

        assertThat(woken).containsExactly("b");
        assertThat(opens(limiter, "a", START + 2)).isFalse();
        assertThat(opens(limiter, "c", START + 2)).isFalse();
        open(limiter, "b", START + 2).release(START + 3);
        assertThat(woken).containsExactly("b", "c");
    }

    /// The next address of a host, or plain text where TLS failed: each is a connection.
    @Test
    void anotherConnectionOfALease_isCountedAsANewOne_andTakesNoFurtherSlot() {
        LimitScope shop = GOOGLE.and(Dimension.TENANT, "shop");
        Limiter limiter =
                limiter(
                        Limits.openings(shop, Set.of(), "1/s"),
                        Limits.connections(GOOGLE, Set.of(), 1));
        Flow forShop = FLOW.carrying("a.example", "shop", "");
        Lease lease = ((Opened) limiter.connect(forShop, "p", START)).lease();

        assertThat(lease.another(START + 1))
                .hasValueSatisfying(by -> assertThat(by.untilMicros()).isEqualTo(START + SECOND));
        assertThat(lease.another(START + SECOND)).isEmpty();
        assertThat(lease.another(START + 2 * SECOND - 1)).isPresent();
        lease.release(START + 2 * SECOND - 1);
        assertThat(limiter.connect(forShop, "q", START + 2 * SECOND - 1))
                .isInstanceOf(Blocked.class);
        assertThat(limiter.connect(forShop, "q", START + 2 * SECOND)).isInstanceOf(Opened.class);
    }

    /// A connection is of no tenant, but it is opened for somebody's mail.
    @Test
    void newConnectionsOfATenant_areCountedByTheMailThatTheyAreOpenedFor() {
        LimitScope shop = GOOGLE.and(Dimension.TENANT, "shop");
        Limiter limiter = limiter(Limits.openings(shop, Set.of(Dimension.SOURCE), "1/s"));
        Flow forShop = FLOW.carrying("a.example", "shop", "");
        Flow forBank = FLOW.carrying("a.example", "bank", "");

        assertThat(limiter.connect(forShop, "p", START)).isInstanceOf(Opened.class);
        assertThat(limiter.connect(forShop, "p", START + 1))
                .isInstanceOfSatisfying(
                        Blocked.class,
                        by -> assertThat(by.untilMicros()).isEqualTo(START + SECOND));
        assertThat(limiter.connect(forBank, "p", START + 1)).isInstanceOf(Opened.class);
        assertThat(limiter.connect(forShop, "p", START + SECOND)).isInstanceOf(Opened.class);
    }

    @Test
    void messagesPerConnectionOfATenant_areSaidWithTheMessage() {
        LimitScope shop = GOOGLE.and(Dimension.TENANT, "shop");
        Limiter limiter = limiter(Limits.sizes(shop, 5, 100));

        assertThat(open(limiter, "p", START).messagesMax()).isEqualTo(Integer.MAX_VALUE);
        assertThat(grant(limiter, "shop").messagesMax()).isEqualTo(5);
        assertThat(grant(limiter, "bank").messagesMax()).isEqualTo(Integer.MAX_VALUE);
    }

    private static Grant grant(Limiter limiter, String tenant) {
        Gates gates = limiter.gates(Limits.google("a.example", tenant), "p");
        Decision decision = limiter.take(gates, T1, new Turn(1, tenant), START);
        return ((Decision.Granted) decision).grant();
    }

    @Test
    void reservation_thatIsNotUsed_isPassedOn() {
        Limiter limiter = limiter(Limits.connections(GOOGLE, Set.of(), 1));
        Lease lease = open(limiter, "a", START);
        opens(limiter, "b", START);
        opens(limiter, "c", START);
        lease.release(START + 1);

        limiter.sweep(START + SECOND);
        assertThat(woken).containsExactly("b");
        limiter.sweep(START + 2 * SECOND);

        assertThat(woken).containsExactly("b", "c");
        assertThat(opens(limiter, "c", START + 2 * SECOND)).isTrue();
    }

    @Test
    void newConnections_areCountedOnlyWhereASlotIsFree() {
        Limiter limiter =
                limiter(Limits.connections(GOOGLE, Set.of(), 1), Limits.openings(GOOGLE, "2/h"));
        Lease lease = open(limiter, "a", START);
        for (int i = 0; i < 10; i++) {
            assertThat(opens(limiter, "a", START + i)).isFalse();
        }
        lease.release(START + 20);
        open(limiter, "a", START + 21).release(START + 22);

        Opening third = limiter.connect(FLOW, "a", START + 23);
        assertThat(third).isInstanceOf(Blocked.class);
        assertThat(((Blocked) third).untilMicros()).isEqualTo(START + 3600 * SECOND);
        assertThat(((Blocked) third).why())
                .isEqualTo("limit 2/h new connections for provider google (w.toml:3)");
    }

    @Test
    void connection_isNotOpenedForNothing() {
        Limiter limiter = limiter(Limits.rate(GOOGLE, Set.of(Dimension.SOURCE), "1/h"));
        Gates gates = limiter.gates(Limits.google("gmail.test", "shop"), "a");
        limiter.take(gates, T1, new Turn(4, "shop"), START);

        assertThat(opens(limiter, "a", START + 1)).isFalse();
        assertThat(opens(limiter, "a", START + 3599 * SECOND)).isTrue();
        assertThat(limiter.connect(connection(T2), "a", START + 1)).isInstanceOf(Opened.class);
    }

    @Test
    void narrow_countsWhatIsOpenAlready() {
        Limiter limiter = limiter();
        Lease first = open(limiter, "a", START);
        Lease second = open(limiter, "a", START);
        limiter.restrain(restraint("n", GOOGLE, new Force.Narrow(2), START + 10 * SECOND));

        assertThat(opens(limiter, "b", START + 1)).isFalse();
        assertThat(first.isWanted()).isTrue();
        second.release(START + 2);
        assertThat(woken).containsExactly("b");
        assertThat(opens(limiter, "b", START + 3)).isTrue();
        assertThat(opens(limiter, "c", START + 4)).isFalse();
        assertThat(opens(limiter, "c", START + 10 * SECOND)).isTrue();
    }

    @Test
    void reload_countsWhatIsOpen_andTellsWhoWaits() {
        Limiter limiter = limiter(Limits.connections(GOOGLE, Set.of(), 1));
        Lease lease = open(limiter, "a", START);
        opens(limiter, "b", START);

        limiter.reload(List.of(Limits.connections(GOOGLE, Set.of(), 2)));
        assertThat(woken).containsExactly("b");
        Lease second = open(limiter, "b", START + 1);
        opens(limiter, "c", START + 1);
        limiter.reload(List.of(Limits.connections(LimitScope.ALL, Set.of(Dimension.SITE), 2)));
        assertThat(woken).containsExactly("b", "c");

        assertThat(opens(limiter, "c", START + 2)).isFalse();
        lease.release(START + 3);
        assertThat(opens(limiter, "c", START + 4)).isTrue();
        second.release(START + 5);
        assertThat(limiter.explain(FLOW, START + 6).getFirst().used()).isEqualTo(1);
    }

    @Test
    void perSource_slotsAreApart() {
        Limiter limiter = limiter(Limits.connections(GOOGLE, Set.of(Dimension.SOURCE), 1));
        open(limiter, "a", START);

        assertThat(opens(limiter, "a", START)).isFalse();
        assertThat(limiter.connect(connection(T2), "a", START)).isInstanceOf(Opened.class);
    }

    /// Its places elsewhere would be slots that nobody uses for a while.
    @Test
    void pathThatGotAConnection_waitsInNoOtherLine() {
        Limiter limiter = limiter(Limits.connections(GOOGLE, Set.of(Dimension.SOURCE), 1));
        Lease first = open(limiter, "a", START);
        Lease second = open(limiter, connection(T2), "a", START);
        assertThat(opens(limiter, "b", START)).isFalse();
        assertThat(limiter.connect(connection(T2), "b", START)).isInstanceOf(Blocked.class);
        assertThat(limiter.connect(connection(T2), "c", START)).isInstanceOf(Blocked.class);
        second.release(START + 1);
        assertThat(woken).containsExactly("b");
        first.release(START + 1);
        assertThat(woken).containsExactly("b", "b");

        Lease third = open(limiter, FLOW, "b", START + 2);

        assertThat(woken).as("what was reserved for b").containsExactly("b", "b", "c");
        open(limiter, connection(T2), "c", START + 3);
        assertThat(third.isWanted()).isFalse();
    }
}
