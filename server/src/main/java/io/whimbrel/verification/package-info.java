/// Who is to answer for a message that comes in: SPF, DKIM, DMARC and ARC, and the field that tells
/// the verdicts.
///
/// In come the client's address, its name, the reverse-path and the bytes of the message as they
/// arrive; out go verdicts as values, an `Authentication-Results` field, and a reply where policy
/// wants the message refused. It knows neither sessions nor the spool. What it learns it learns
/// from the DNS, by way of [Lookups].
@NullMarked
package io.whimbrel.verification;

import org.jspecify.annotations.NullMarked;
