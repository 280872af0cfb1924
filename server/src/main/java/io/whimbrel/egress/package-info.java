/// Where mail leaves from: source addresses, pools, and the paths they make with sites.
@NullMarked
package io.whimbrel.egress;

import org.jspecify.annotations.NullMarked;
