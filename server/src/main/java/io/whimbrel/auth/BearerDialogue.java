package io.whimbrel.auth;

import java.util.Optional;

/// OAUTHBEARER (RFC 7628) and XOAUTH2: a token in one message of pairs, each ended by ^A.
///
/// - OAUTHBEARER: `n,a=user@example.com,^Ahost=mx^Aport=587^Aauth=Bearer token^A^A`
/// - XOAUTH2: `user=user@example.com^Aauth=Bearer token^A^A`
final class BearerDialogue implements Dialogue {
    private static final String END = "\u0001";
    private static final String SCHEME = "bearer ";

    private final boolean isRfc;

    /// @param isRfc whether it is OAUTHBEARER
    BearerDialogue(boolean isRfc) {
        this.isRfc = isRfc;
    }

    @Override
    public Turn begin() {
        return new Turn.Ask("");
    }

    @Override
    public Turn receive(String message) {
        if (!message.endsWith(END + END)) {
            return malformed("the message must end with two ^A");
        }
        String[] pairs = message.substring(0, message.length() - 2).split(END, -1);
        Optional<String> user = isRfc ? authzid(pairs[0]) : value(pairs[0], "user=");
        if (user.isEmpty()) {
            return malformed(isRfc ? "bad gs2-header" : "user= must come first");
        }
        Optional<String> token = Optional.empty();
        for (int i = 1; i < pairs.length; i++) {
            if (pairs[i].startsWith("auth=")) {
                if (token.isPresent()) {
                    return malformed("auth= must be there once");
                }
                token = value(pairs[i], "auth=").map(BearerDialogue::token);
            } else if (pairs[i].indexOf('=') < 1) {
                return malformed("pairs must be key=value");
            }
        }
        // An empty one asks for what we have to say about tokens (RFC 7628 §3.1); so does none.
        return new Turn.Token(
                user.map(SaslText::normalized).filter(it -> !it.isEmpty()), token.orElse(""));
    }

    private static Optional<String> value(String pair, String key) {
        return pair.startsWith(key) ? Optional.of(pair.substring(key.length())) : Optional.empty();
    }

    /// Of `n,a=name,` or `n,,`; channel bindings do not exist here. Empty where it is malformed.
    private static Optional<String> authzid(String header) {
        boolean isShaped =
                header.length() >= 3
                        && (header.startsWith("n,") || header.startsWith("y,"))
                        && header.endsWith(",");
        String middle = isShaped ? header.substring(2, header.length() - 1) : ",";
        if (middle.isEmpty()) {
            return Optional.of("");
        }
        String name = middle.startsWith("a=") ? middle.substring(2) : ",";
        boolean isGood =
                name.indexOf(',') < 0 && !name.replace("=2C", "").replace("=3D", "").contains("=");
        return isGood
                ? Optional.of(name.replace("=2C", ",").replace("=3D", "="))
                : Optional.empty();
    }

    /// Without the scheme, which may be written in any case (RFC 7235 §2.1); `""` where it is
    /// another.
    private static String token(String value) {
        return value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                ? value.substring(SCHEME.length()).strip()
                : "";
    }

    private Turn malformed(String complaint) {
        return new Turn.Malformed(
                isRfc ? "OAUTHBEARER: " + complaint + " (RFC 7628)" : "XOAUTH2: " + complaint);
    }
}
