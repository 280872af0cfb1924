/// Turns what providers answer into restraints of room `shaping`, by the rules of their files, and
/// ends them again. In come replies with what they were about; out go restraints, advice about the
/// message, and a notice of each change.
///
/// Must not know: queues, connections, configuration files, the limiter.
@NullMarked
package io.whimbrel.reaction;

import org.jspecify.annotations.NullMarked;
