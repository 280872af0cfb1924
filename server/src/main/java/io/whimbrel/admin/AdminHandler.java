package io.whimbrel.admin;

import tools.jackson.databind.node.ObjectNode;

import java.util.Optional;

/// Carries out one request that came over the admin socket. Called by many threads at once.
@FunctionalInterface
public interface AdminHandler {

    /// Answers `request` by lines, none or many.
    ///
    /// @return what went wrong, for the operator, with the remedy; empty where all is done
    Optional<String> handle(ObjectNode request, AdminAnswer answer);
}
