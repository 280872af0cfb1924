package io.whimbrel.auth;

/// PLAIN (RFC 4616): `authzid NUL authcid NUL passwd` in one message. Users act for themselves
/// only, so an authorization identity must be empty or the same.
final class PlainDialogue implements Dialogue {
    private static final char NUL = 0;

    @Override
    public Turn begin() {
        return new Turn.Ask("");
    }

    @Override
    public Turn receive(String message) {
        int first = message.indexOf(NUL);
        int second = first < 0 ? -1 : message.indexOf(NUL, first + 1);
        if (second < 0 || message.indexOf(NUL, second + 1) >= 0) {
            return new Turn.Malformed("PLAIN is authzid NUL authcid NUL passwd (RFC 4616)");
        }
        String actsFor = SaslText.normalized(message.substring(0, first));
        return credentials(
                actsFor, message.substring(first + 1, second), message.substring(second + 1));
    }

    /// @param actsFor empty for the user itself
    static Turn credentials(String actsFor, String name, String password) {
        String user = SaslText.normalized(name);
        if (user.isEmpty() || password.isEmpty()) {
            return new Turn.Malformed("User and password must not be empty");
        }
        // What can stand in no users file is refused before it costs anything; who sent it knows.
        boolean isPossible =
                SaslText.isName(user)
                        && SaslText.octets(password) <= SaslText.PASSWORD_OCTETS_MAX
                        && password.indexOf(NUL) < 0;
        return isPossible && (actsFor.isEmpty() || actsFor.equals(user))
                ? new Turn.Password(user, password)
                : new Turn.Disproven(user, Failure.CREDENTIALS);
    }
}
