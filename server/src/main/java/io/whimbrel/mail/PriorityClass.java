package io.whimbrel.mail;

/// How urgent mail is. Each class has a weight and a floor in every ready queue, so that bulk never
/// delays a password reset and is never starved by them.
public enum PriorityClass {
    TRANSACTIONAL,
    NORMAL,
    BULK
}
