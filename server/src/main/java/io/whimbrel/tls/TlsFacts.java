package io.whimbrel.tls;

/// placeholder
public record TlsFacts(String protocol, String cipher) {}
