/// Placeholder.
@NullMarked
package io.whimbrel;

import org.jspecify.annotations.NullMarked;
