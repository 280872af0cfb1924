package io.whimbrel.delivery;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.schedule.Carrier;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.Take;
import io.whimbrel.schedule.Waiting;
import io.whimbrel.shaping.Blocked;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// Where delivery takes its work from. Thread-safe. The schedule in the product, something that is
/// told what to hand out in tests.
interface ReadyWork {

    /// As [Schedule#take(EgressPath, Carrier, Instant)].
    Take take(EgressPath path, Carrier carrier);

    /// As [Schedule#peek].
    Optional<Waiting> peek(EgressPath path);

    /// As [Schedule#takeAll(EgressPath, int, Instant)].
    List<QueueEntry> takeAll(EgressPath path, int most);

    /// As [Schedule#takeAll(EgressPath, Destination, Instant)].
    List<QueueEntry> takeAll(EgressPath path, Destination destination);

    /// As [Schedule#readyEntries].
    int readyEntries(EgressPath path);

    /// As [Schedule#holdBack].
    void holdBack(EgressPath path, Blocked by, Instant until);

    /// As [Schedule#giveBack].
    void giveBack(QueueEntry entry);

    /// As [Schedule#siteResolved].
    void siteResolved(Destination destination, Site site, Duration timeToLive);

    /// As [Schedule#siteUnknown].
    List<QueueEntry> siteUnknown(Destination destination);

    /// The schedule's, at the time that `clock` tells.
    static ReadyWork of(Schedule schedule, InstantSource clock) {
        return new ReadyWork() {
            @Override
            public Take take(EgressPath path, Carrier carrier) {
                return schedule.take(path, carrier, clock.instant());
            }

            @Override
            public Optional<Waiting> peek(EgressPath path) {
                return schedule.peek(path);
            }

            @Override
            public List<QueueEntry> takeAll(EgressPath path, int most) {
                return schedule.takeAll(path, most, clock.instant());
            }

            @Override
            public List<QueueEntry> takeAll(EgressPath path, Destination destination) {
                return schedule.takeAll(path, destination, clock.instant());
            }

            @Override
            public int readyEntries(EgressPath path) {
                return schedule.readyEntries(path, clock.instant());
            }

            @Override
            public void holdBack(EgressPath path, Blocked by, Instant until) {
                schedule.holdBack(path, by, until);
            }

            @Override
            public void giveBack(QueueEntry entry) {
                schedule.giveBack(entry, clock.instant());
            }

            @Override
            public void siteResolved(Destination destination, Site site, Duration timeToLive) {
                schedule.siteResolved(destination, site, timeToLive, clock.instant());
            }

            @Override
            public List<QueueEntry> siteUnknown(Destination destination) {
                return schedule.siteUnknown(destination, clock.instant());
            }
        };
    }
}
