/// Wiring: the program's entry, and a node put together in the order in which mail flows.
@NullMarked
package io.whimbrel;

import org.jspecify.annotations.NullMarked;
