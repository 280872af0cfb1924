package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;

/// What the schedule asks of the world. Delivery does it for real, simulations in simulated time.
/// Called without any lock of the schedule held; must not block, and may call the schedule.
public interface ScheduleActions extends Resting {

    /// Find the site of `destination`; answered by [Schedule#siteResolved] or
    /// [Schedule#siteUnknown], once for each call. At most 1000 calls are unanswered at a time, one
    /// for each destination.
    void resolve(Destination destination);

    /// The ready queue of `path` holds work for one more connection. Called once for each entry
    /// that becomes available, but at most 100 times for one event; it may be gone by now.
    void workReady(EgressPath path);
}
