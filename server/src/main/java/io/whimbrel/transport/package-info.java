/// How safe a connection to a host that takes mail must be, and whether it is. In come the host and
/// what the DNS says of it ([DaneRecords]), and the certificates that it has shown; out goes what
/// is wrong with them ([DaneTrust]). The room knows neither SMTP sessions nor queues.
@NullMarked
package io.whimbrel.transport;

import org.jspecify.annotations.NullMarked;
