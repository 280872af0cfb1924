/// Properties of the source itself that the compiler does not check.
@NullMarked
package io.whimbrel.tidy;

import org.jspecify.annotations.NullMarked;
