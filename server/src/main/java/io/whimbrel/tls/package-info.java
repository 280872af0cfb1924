/// TLS in both directions. In come plain streams of a connection and files of certificates; out go
/// streams within TLS and the facts of the handshake. [ServerTls] is for clients that bring mail,
/// [ClientTls] for hosts that it is sent to. The room knows neither SMTP nor who may do what.
@NullMarked
package io.whimbrel.tls;

import org.jspecify.annotations.NullMarked;
