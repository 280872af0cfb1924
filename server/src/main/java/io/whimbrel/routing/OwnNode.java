package io.whimbrel.routing;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// What this node is called and where it listens, so that mail is not sent to ourselves (RFC 5321
/// §5.1). Immutable.
///
/// @param names `node.name` and the names said in EHLO, lower case
/// @param listening addresses with port that reception accepts on; a wildcard address stands for
///   every address of the machine
public record OwnNode(Set<String> names, List<InetSocketAddress> listening) {

    public OwnNode {
        names =
                names.stream()
                        .map(name -> name.toLowerCase(Locale.ROOT))
                        .collect(Collectors.toUnmodifiableSet());
        listening = List.copyOf(listening);
    }

    boolean isCalled(String host) {
        return names.contains(host);
    }

    boolean listensOn(InetAddress address, int port) {
        for (InetSocketAddress own : listening) {
            if (own.getPort() == port
                    && (own.getAddress().equals(address)
                            || (own.getAddress().isAnyLocalAddress() && isLocal(address)))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isLocal(InetAddress address) {
        if (address.isLoopbackAddress()) {
            return true;
        }
        try {
            return NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException _) {
            // No interface can be listed; the Received count stops a loop in the end.
            return false;
        }
    }
}
