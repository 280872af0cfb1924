/// The only room that may read a clock or sleep. Everybody else is handed an instant.
@NullMarked
package io.whimbrel.time;

import org.jspecify.annotations.NullMarked;
