/// The admin socket, both ends of it: look at a running node and operate it. Never in the path of
/// mail.
///
/// Comes in: requests of operators. Goes out: actions on the queue, numbers, JSON lines. Must not
/// know: command lines, how mail is taken or sent.
@NullMarked
package io.whimbrel.admin;

import org.jspecify.annotations.NullMarked;
