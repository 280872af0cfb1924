package io.whimbrel.schedule;

import io.whimbrel.mail.PriorityClass;

import java.util.Optional;

/// Whose turn it is among the scheduled queues of one egress path that have due entries. Guarded by
/// the lock of its [PathQueue].
///
/// Three levels. Priority classes share by weight, the more urgent first: of 21 recipients 16 are
/// transactional, 4 normal and 1 bulk where all three wait, and a class that waits alone gets
/// everything. In a class tenants take turns, in a tenant its campaigns ([Turns]). In a campaign
/// the entry that has been due longest comes first. Costs are counted in recipients.
final class ReadyQueue {
    private final PriorityShare transactional = new PriorityShare(16);
    private final PriorityShare normal = new PriorityShare(4);
    private final PriorityShare bulk = new PriorityShare(1);
    private final PriorityShare[] byUrgency = {transactional, normal, bulk};
    private int entries;

    /// One priority class.
    private static final class PriorityShare {
        private final int weight;
        private final Turns<Tenant> tenants = new Turns<>();
        private long credit;
        private int waitingQueues;

        PriorityShare(int weight) {
            this.weight = weight;
            this.credit = weight;
        }
    }

    /// A tenant's mail in one class.
    private static final class Tenant extends Turns.Member {
        private final Turns<Campaign> campaigns = new Turns<>();

        Tenant(String name) {
            super(name);
        }
    }

    /// A campaign's mail in one class, for all domains of the site.
    private static final class Campaign extends Turns.Member {
        private final DueHeap queues = new DueHeap();

        Campaign(String name) {
            super(name);
        }
    }

    /// Entries that may be taken now.
    int entries() {
        return entries;
    }

    /// Brings `queue` to its right place, or out of here, after its entries or restriction changed.
    void reposition(ScheduledQueue queue) {
        place(queue, queue.restriction().isNone() ? queue.readyEntries() : 0);
    }

    void remove(ScheduledQueue queue) {
        place(queue, 0);
    }

    /// The queue whose first ready entry is to be tried next; that entry is charged for. The caller
    /// takes it out and repositions the queue.
    Optional<ScheduledQueue> next() {
        if (entries == 0) {
            return Optional.empty();
        }
        PriorityShare share = nextShare();
        Tenant tenant = share.tenants.next();
        Campaign campaign = tenant.campaigns.next();
        ScheduledQueue queue = campaign.queues.first();
        int recipients = queue.firstReady().recipients().size();
        share.credit -= recipients;
        tenant.charge(recipients);
        campaign.charge(recipients);
        return Optional.of(queue);
    }

    private void place(ScheduledQueue queue, int offered) {
        if (offered == 0 && queue.offered() == 0) {
            return;
        }
        entries += offered - queue.offered();
        queue.offer(offered);
        PriorityShare share = share(queue.stream().priority());
        Tenant tenant = share.tenants.member(queue.stream().tenant(), Tenant::new);
        Campaign campaign = tenant.campaigns.member(queue.stream().campaign(), Campaign::new);
        boolean wasIn = queue.turnSlot().isIn();
        if (offered > 0) {
            campaign.queues.put(queue.turnSlot(), queue.firstReady().dueAt().toEpochMilli());
        } else {
            campaign.queues.remove(queue.turnSlot());
        }
        int change = (offered > 0 ? 1 : 0) - (wasIn ? 1 : 0);
        share.waitingQueues += change;
        tenant.count(change);
        campaign.count(change);
    }

    private PriorityShare nextShare() {
        while (true) {
            for (PriorityShare share : byUrgency) {
                if (share.waitingQueues > 0 && share.credit > 0) {
                    return share;
                }
            }
            earn();
        }
    }

    /// As many rounds as it takes until one class with mail may send. Credit does not pile up
    /// beyond one round, so a class that was idle gets no burst at the cost of the others.
    private void earn() {
        long rounds = Long.MAX_VALUE;
        for (PriorityShare share : byUrgency) {
            if (share.waitingQueues > 0) {
                rounds = Math.min(rounds, -share.credit / share.weight + 1);
            }
        }
        for (PriorityShare share : byUrgency) {
            share.credit = Math.min(share.weight, share.credit + rounds * share.weight);
        }
    }

    private PriorityShare share(PriorityClass priority) {
        return switch (priority) {
            case TRANSACTIONAL -> transactional;
            case NORMAL -> normal;
            case BULK -> bulk;
        };
    }
}
