/// Counters and gauges of the node; their names stand in one file.
@NullMarked
package io.whimbrel.metrics;

import org.jspecify.annotations.NullMarked;
