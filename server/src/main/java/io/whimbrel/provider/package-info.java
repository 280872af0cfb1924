/// What is known of mailbox providers, as files: who is one, what each tolerates, what its replies
/// lead to; and whether those rules know the replies that are known.
///
/// Comes in: the files that we ship and those of the operator. Goes out: limits and rules as
/// `shaping` takes them, the provider of a domain. Must not know: connections, queues, DNS.
@NullMarked
package io.whimbrel.provider;

import org.jspecify.annotations.NullMarked;
