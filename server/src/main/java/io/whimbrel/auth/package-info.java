/// Who a client is: the users file, the SASL mechanisms of AUTH (RFC 4954), what failed logins lead
/// to. In go a client's lines, out come steps of an exchange and in the end an [Identity] or a
/// refusal. The room knows nothing of sessions, sockets and mail; it reads two files and nothing
/// else: users, and keys of tokens.
@NullMarked
package io.whimbrel.auth;

import org.jspecify.annotations.NullMarked;
