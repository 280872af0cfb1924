package io.whimbrel;

import com.sun.management.HotSpotDiagnosticMXBean;

import io.whimbrel.budget.MemoryPlan;
import io.whimbrel.budget.MemorySettings;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/// What this process finds where it runs. Stateless.
final class Machine {
    private static final Logger LOG = LoggerFactory.getLogger(Machine.class);

    /// The Java machine rounds its heap.
    private static final long ROUNDING = 4 * MemoryPlan.MIB;

    private Machine() {}

    /// Memory of the machine, or less where the process runs in a container (cgroup v1 or v2) with
    /// a limit.
    static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Runtime.getRuntime().maxMemory();
    }

    /// The shares of the memory for this process, as it was started.
    ///
    /// @throws IOException where a node cannot run with that; the message says what to do
    static MemoryPlan plan(MemorySettings given) throws IOException {
        var plan = MemoryPlan.of(given, memoryBytes());
        Optional<String> problem = plan.problem();
        if (problem.isPresent()) {
            throw new IOException(problem.get());
        }
        long heapMost = heapMost();
        if (Math.abs(heapMost - plan.heapBytes()) > ROUNDING) {
            LOG.warn(
                    "the Java machine was started with a heap of {} (-Xmx), and the plan is {}: the"
                            + " launcher sets it, unless WHIMBREL_JVM_OPTIONS does",
                    MemoryPlan.size(heapMost),
                    MemoryPlan.size(plan.heapBytes()));
        }
        return plan.within(given, heapMost);
    }

    private static long heapMost() {
        var machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        return machine == null
                ? Runtime.getRuntime().maxMemory()
                : Long.parseLong(machine.getVMOption("MaxHeapSize").getValue());
    }
}
