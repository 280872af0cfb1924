package io.whimbrel.egress;

import io.whimbrel.mail.PriorityClass;

/// One `[[class]]`: a kind of mail, and what it means where a tenant or listener names it.
/// Immutable.
///
/// @param name such as `transactional`, `lifecycle`, `promotional`, `cold`
/// @param pool that its mail leaves by
/// @param priority how urgent it is
public record ClassSettings(String name, String pool, PriorityClass priority) {}
