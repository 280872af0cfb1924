/// How safe a connection to a host that takes mail must be, and whether it is. In come the domain
/// and the host, what the DNS and the web say of them (DANE, MTA-STS), and what the operator wrote;
/// out go policies ([TlsPolicies]), what a session falls short of ([TlsAchieved]), and what there
/// is to report of it (TLSRPT). The room knows neither SMTP sessions nor queues.
@NullMarked
package io.whimbrel.transport;

import org.jspecify.annotations.NullMarked;
