package io.whimbrel.policy;

import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpReply;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Counts the connections of each tenant, over all listeners. Thread-safe; as large as there are
/// tenants with open connections.
public final class TenantConnections {
    private final DoorMetrics metrics;
    private final Map<String, Integer> open = new ConcurrentHashMap<>();

    public TenantConnections(DoorMetrics metrics) {
        this.metrics = metrics;
    }

    /// To be called when it is known whose connection it is. Where the answer is empty, [#close]
    /// must follow; where it is a reply, the connection is not counted.
    public Optional<SmtpReply> open(TenantSettings tenant) {
        int most = tenant.limits().connectionsMax().orElse(Integer.MAX_VALUE);
        var isOpen = new boolean[1];
        open.compute(
                tenant.name(),
                (_, count) -> {
                    int before = count == null ? 0 : count;
                    isOpen[0] = before < most;
                    return isOpen[0] ? Integer.valueOf(before + 1) : count;
                });
        if (isOpen[0]) {
            return Optional.empty();
        }
        metrics.refused(Reason.TENANT_CONNECTIONS);
        String text =
                "Tenant "
                        + tenant.name()
                        + " has "
                        + most
                        + " connections open, which is its limit; close one first";
        return Optional.of(SmtpReply.of(421, 4, 7, 0, text));
    }

    public void close(TenantSettings tenant) {
        open.computeIfPresent(
                tenant.name(), (_, count) -> count == 1 ? null : Integer.valueOf(count - 1));
    }

    /// How many this tenant has.
    public int count(String tenant) {
        return open.getOrDefault(tenant, 0);
    }
}
