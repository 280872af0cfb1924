/// Who a client is.
@NullMarked
package io.whimbrel.auth;

import org.jspecify.annotations.NullMarked;
