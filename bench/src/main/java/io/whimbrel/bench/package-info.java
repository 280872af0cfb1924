/// Placeholder.
@NullMarked
package io.whimbrel.bench;

import org.jspecify.annotations.NullMarked;
