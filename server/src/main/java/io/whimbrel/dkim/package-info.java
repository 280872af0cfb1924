/// Words that those who sign and those who verify share (RFC 6376): fields and bodies in canonical
/// form, lists of tags, keys as the DNS has them, whose name a From field says. Pure.
@NullMarked
package io.whimbrel.dkim;

import org.jspecify.annotations.NullMarked;
