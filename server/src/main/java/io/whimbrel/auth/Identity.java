package io.whimbrel.auth;

/// placeholder
public record Identity(String user, String tenant, String mechanism, boolean mayControl) {}
