/// `./whimbrel demo`: a real server between a small crowd of senders and a small internet, and the
/// books of all three compared.
///
/// In come a seed, a number of messages and the launcher that starts the server. Out go a table by
/// provider, read from the server's event log, and what does not add up. It must not know how the
/// server works: it starts the product as a user would, and shares no code with it.
@NullMarked
package io.whimbrel.simulator.demo;

import org.jspecify.annotations.NullMarked;
