package io.whimbrel.verification;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.PointerAnswer;
import io.whimbrel.dns.TextAnswer;

import java.net.InetAddress;

/// What is asked of the DNS. Implementations are thread-safe; methods block, and end early with a
/// temporary failure where the thread is interrupted.
interface Lookups {

    TextAnswer text(String name);

    PointerAnswer names(InetAddress address);

    MxAnswer mx(String domain);

    AddressAnswer ipv4(String host);

    AddressAnswer ipv6(String host);
}
