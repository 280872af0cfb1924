/// Strict TOML: keys that are declared once, from which come reader, checks and reference; what is
/// wrong with a file, each with line, column, what is allowed and what may have been meant.
///
/// Must not know: which keys there are.
@NullMarked
package io.whimbrel.toml;

import org.jspecify.annotations.NullMarked;
