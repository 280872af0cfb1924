package io.whimbrel.admin;

import io.whimbrel.budget.BudgetView;

import java.time.Instant;
import java.util.List;

/// How the node is, for people. Immutable.
///
/// @param name `node.name`
/// @param version of the software
/// @param startedAt when listeners first accepted
/// @param listeners where mail comes in
/// @param spool `""` where mail is accepted; otherwise why not, and what to do
/// @param warnings what the operator should know, a source whose address is missing for one; one
///   line each
/// @param shaping what is suspended or slowed down; `""` where nothing is
/// @param memory the memory budget and its parts
/// @param budgets how each stands
public record NodeStatus(
        String name,
        String version,
        Instant startedAt,
        List<ListenerStatus> listeners,
        String spool,
        List<String> warnings,
        String shaping,
        String memory,
        List<BudgetView> budgets) {

    public NodeStatus {
        listeners = List.copyOf(listeners);
        warnings = List.copyOf(warnings);
        budgets = List.copyOf(budgets);
    }
}
