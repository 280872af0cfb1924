/// A small internet on loopback: authoritative DNS, and mailbox providers that behave like the real
/// ones.
///
/// In come DNS queries and SMTP connections of the mail server under test, and a [Catalogue] that
/// says who lives in this internet. Out go answers and exact counts of what each provider did
/// ([ProviderCounters]). It must not know anything of Whimbrel's server: it is the other side of
/// the wire, with an SMTP implementation of its own, so that one misreading of a standard cannot
/// hide in both.
@NullMarked
package io.whimbrel.simulator;

import org.jspecify.annotations.NullMarked;
