/// Who may do what at the door: relay, send as whom, how much, how fast. Decided from the client's
/// address, the tenant and the envelope.
///
/// In come settings, facts about a client and what it asks for; out go replies, or nothing where
/// nothing is wrong. No socket and no session is known here: reception asks, and says what it is
/// told.
@NullMarked
package io.whimbrel.policy;

import org.jspecify.annotations.NullMarked;
