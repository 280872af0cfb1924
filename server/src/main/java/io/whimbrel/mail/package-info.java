/// Shared nouns of mail: queue ids, paths, domains, envelopes. Immutable values only.
///
/// Must not know: sockets, files, queues, configuration.
@NullMarked
package io.whimbrel.mail;

import org.jspecify.annotations.NullMarked;
