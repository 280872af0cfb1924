package io.whimbrel.auth;

import java.util.Optional;

/// One user: a line of the users file. Immutable.
///
/// @param name 1 to 255 octets of visible characters, in NFKC
/// @param tenant whose mail the user sends, as the configuration names it
/// @param verifier what the password is checked against
/// @param mayControl whether header fields of the user's messages may control their delivery
public record UserEntry(String name, String tenant, Verifier verifier, boolean mayControl) {
    private static final String CONTROL = "control";

    public UserEntry {
        Optional<String> complaint = complaint(name, tenant);
        if (complaint.isPresent()) {
            throw new IllegalArgumentException(complaint.get());
        }
    }

    /// What came of reading a line. Immutable.
    sealed interface Line {
        record User(UserEntry entry) implements Line {}

        /// A comment, or nothing.
        record Blank() implements Line {}

        /// @param complaint what is wrong, and the remedy; nothing of the verifier
        record Bad(String complaint) implements Line {}
    }

    /// What is wrong with a name or a tenant; empty where nothing is.
    public static Optional<String> complaint(String name, String tenant) {
        if (!SaslText.isName(name)) {
            return Optional.of(
                    "a user's name has 1 to 255 octets, no spaces, no invisible characters, and"
                            + " does not begin with \"#\"; write another name");
        }
        return SaslText.isTenant(tenant)
                ? Optional.empty()
                : Optional.of(
                        "a tenant's name has 1 to 64 letters, digits, \".\", \"_\" and \"-\"; write"
                                + " it as in [[tenant]]");
    }

    /// Reads `name tenant verifier` and perhaps `control`, between spaces or tabs.
    static Line parse(String line) {
        String text = line.strip();
        if (text.isEmpty() || text.startsWith("#")) {
            return new Line.Blank();
        }
        String[] words = text.split("[ \t]+");
        if (words.length < 3) {
            return new Line.Bad(
                    "a user has a name, a tenant and a verifier; write the line by `whimbrel user"
                            + " add`");
        }
        Optional<String> complaint = complaint(words[0], words[1]);
        if (complaint.isPresent()) {
            return new Line.Bad(complaint.get());
        }
        Optional<Verifier> verifier = Verifier.parse(words[2]);
        if (verifier.isEmpty()) {
            return new Line.Bad(
                    "the third word is no verifier: SCRAM-SHA-256$..., $2b$... or $argon2id$...,"
                            + " within the bounds of its cost; write it by `whimbrel user add`");
        }
        boolean mayControl = words.length == 4 && words[3].equals(CONTROL);
        return words.length == 3 || mayControl
                ? new Line.User(new UserEntry(words[0], words[1], verifier.get(), mayControl))
                : new Line.Bad(
                        "behind the verifier only \"" + CONTROL + "\" may stand; remove the rest");
    }

    /// As [#parse] reads it.
    String line() {
        return name + " " + tenant + " " + verifier.text() + (mayControl ? " " + CONTROL : "");
    }
}
