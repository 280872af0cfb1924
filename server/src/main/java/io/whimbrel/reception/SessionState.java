package io.whimbrel.reception;

import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Treatment;

/// Where one SMTP session stands. The only transitions are those in [SmtpSession#step], and the one
/// to `Ready` or `Closed` when a message has been read. Immutable.
///
/// ```
///   Greeted -EHLO-> Ready -MAIL-> InTransaction -BDAT-> InChunks
///                    ^ ^            |  |    ^ |            |  |
///                    | |            |  +RCPT+ |            |  |
///                    | +--RSET,EHLO-+---------|------------+  |
///                    +-------- end of DATA ---+---- BDAT LAST-+
///   any -QUIT, broken line, defective message-> Closed
/// ```
sealed interface SessionState {

    /// Nothing has come from the client yet that we understood.
    record Greeted() implements SessionState {}

    record Ready(Hello hello) implements SessionState {}

    /// @param recipients may be none yet
    /// @param treatment what MAIL asked for this message alone
    record InTransaction(
            Hello hello,
            ReversePath reversePath,
            MailParameters parameters,
            Treatment treatment,
            Recipients recipients)
            implements SessionState {

        InTransaction with(Recipient recipient) {
            return new InTransaction(
                    hello, reversePath, parameters, treatment, recipients.with(recipient));
        }
    }

    /// Some of the message has come by BDAT: nothing but more of it, or its end, may follow.
    record InChunks(InTransaction transaction) implements SessionState {}

    record Closed() implements SessionState {}

    /// How the client presented itself.
    ///
    /// @param name as given
    /// @param isExtended by EHLO, so that parameters and extensions are its to use
    record Hello(String name, boolean isExtended) {}
}
