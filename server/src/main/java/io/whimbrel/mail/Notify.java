package io.whimbrel.mail;

/// Parameter NOTIFY of RCPT (RFC 3461 §4.1), as one of sixteen values. Immutable.
///
/// @param isGiven the sender gave the parameter; where not, failure and delay are as the node likes
/// @param success a notice of delivery, or of relay to a host without DSN, is wanted
/// @param failure a notice of failure is wanted
/// @param delay a notice of delay is wanted
public record Notify(boolean isGiven, boolean success, boolean failure, boolean delay) {

    /// No parameter given: notices of failure and delay, as RFC 3461 §4.1 recommends.
    public static final Notify DEFAULT = new Notify(false, false, true, true);

    /// `NOTIFY=NEVER`.
    public static final Notify NEVER = new Notify(true, false, false, false);

    /// The value as the parameter writes it; `""` where it was not given.
    public String parameter() {
        if (!isGiven) {
            return "";
        }
        if (!success && !failure && !delay) {
            return "NEVER";
        }
        var words = new StringBuilder();
        append(words, success, "SUCCESS");
        append(words, failure, "FAILURE");
        append(words, delay, "DELAY");
        return words.toString();
    }

    private static void append(StringBuilder words, boolean isSet, String word) {
        if (isSet) {
            words.append(words.isEmpty() ? "" : ",").append(word);
        }
    }
}
