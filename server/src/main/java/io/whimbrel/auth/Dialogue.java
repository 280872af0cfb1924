package io.whimbrel.auth;

/// The server's side of one SASL mechanism, without base64 and without looking anything up: a
/// client's messages come in, [Turn]s go out. Confined to one thread. A client's mistake is a turn;
/// nothing is thrown.
sealed interface Dialogue permits PlainDialogue, LoginDialogue, ScramDialogue, BearerDialogue {

    /// AUTH came without an initial response.
    Turn begin();

    /// The client's message: its initial response, or its answer to the last [Turn.Ask].
    Turn receive(String message);
}
