/// Who may relay, as which tenant: decided from the client's address and the envelope.
@NullMarked
package io.whimbrel.policy;

import org.jspecify.annotations.NullMarked;
