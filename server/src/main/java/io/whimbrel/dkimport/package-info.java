/// Takes over what OpenDKIM, PowerMTA and KumoMTA were told about signing: their files come in,
/// tables `[[dkim]]` of ours go out, with what could not be taken over. Knows nothing of a running
/// node, and reads no private key.
@NullMarked
package io.whimbrel.dkimport;

import org.jspecify.annotations.NullMarked;
