package io.whimbrel.auth;

import java.util.Optional;

/// LOGIN (draft-murchison-sasl-login): the server asks for the user, then for the password. Some
/// clients send the user as an initial response.
final class LoginDialogue implements Dialogue {
    private Optional<String> user = Optional.empty();

    @Override
    public Turn begin() {
        return new Turn.Ask("Username:");
    }

    @Override
    public Turn receive(String message) {
        if (user.isEmpty()) {
            user = Optional.of(message);
            return new Turn.Ask("Password:");
        }
        return PlainDialogue.credentials("", user.get(), message);
    }
}
