package io.whimbrel.keys;

/// A selector and where its private key lies. Immutable.
public record PlacedKey(String selector, KeyPlace place) {}
