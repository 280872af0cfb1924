package io.whimbrel.mail;

/// How urgent mail is. Each class has a weight and a floor in every ready queue, so that bulk never
/// delays a password reset and is never starved by them.
public enum PriorityClass {
    TRANSACTIONAL,
    NORMAL,
    BULK;

    /// From here on MT-PRIORITY means urgent, as in the profile MIXER (RFC 6710 §9.2).
    private static final int URGENT = 4;

    /// The class of mail with this value of MT-PRIORITY (RFC 6710): 4 or more is transactional,
    /// less than 0 is bulk, what is between is normal.
    public static PriorityClass ofMtPriority(int priority) {
        if (priority >= URGENT) {
            return TRANSACTIONAL;
        }
        return priority < 0 ? BULK : NORMAL;
    }
}
