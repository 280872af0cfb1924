/// Questions to the domain name system, answered as values, cached by their time to live.
@NullMarked
package io.whimbrel.dns;

import org.jspecify.annotations.NullMarked;
