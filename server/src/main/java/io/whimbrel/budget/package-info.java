/// What the node may use of its machine, and what of that is felt.
///
/// Comes in: the `[memory]` table, the memory of the machine, how full each budget is. Goes out:
/// the shares of the memory, refusals while the heap is tight, metrics and notices when a budget
/// begins and ends to be felt. Must not know: who takes what, nor what is done about it.
@NullMarked
package io.whimbrel.budget;

import org.jspecify.annotations.NullMarked;
