/// The header of messages that come in: looked at as it streams by, or held back until it is whole,
/// so that fields of it can direct the message, be taken out, or be added. Knows nothing of how a
/// message came, nor of who may do what.
@NullMarked
package io.whimbrel.header;

import org.jspecify.annotations.NullMarked;
