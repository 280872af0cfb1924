/// Load runs inside one process, a question for each class. The runs against other mail programs
/// are scripts in the folder above: `relay`, `crash`, `faults`.
@NullMarked
package io.whimbrel.bench;

import org.jspecify.annotations.NullMarked;
