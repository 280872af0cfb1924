/// Placeholder.
@NullMarked
package io.whimbrel.simulator;

import org.jspecify.annotations.NullMarked;
