package io.whimbrel.simulator.demo;

import java.util.Locale;

/// Whose mail it is. Each has a listener of its own.
enum Tenant {
    /// Orders and password resets: few, small and urgent.
    SHOP("transactional"),
    /// Newsletters: many, large and patient.
    NEWS("bulk");

    private final String priorityClass;

    Tenant(String priorityClass) {
        this.priorityClass = priorityClass;
    }

    /// As the server's configuration and events name it.
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    String priorityClass() {
        return priorityClass;
    }

    /// The domain that its mail comes from.
    String domain() {
        return word() + ".example";
    }
}
