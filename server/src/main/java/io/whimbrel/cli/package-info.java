/// The verbs of the command line that look at a node and operate it.
///
/// Comes in: arguments. Goes out: requests to the admin socket, tables or JSON lines, an exit code.
/// Must not know: how the server does what it is asked. Runs in a process of its own.
@NullMarked
package io.whimbrel.cli;

import org.jspecify.annotations.NullMarked;
