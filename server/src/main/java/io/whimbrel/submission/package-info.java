/// The verbs of the command line that hand in mail: `send`, and `sendmail` with its other names.
///
/// Comes in: arguments and a message. Goes out: a file in the pickup folder or an SMTP dialogue, an
/// exit code. Must not know: how the server takes mail. Runs in a process of its own.
@NullMarked
package io.whimbrel.submission;

import org.jspecify.annotations.NullMarked;
