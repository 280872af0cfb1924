package io.whimbrel.transport;

import io.whimbrel.mail.PrivateAddresses;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;

/// A host that may take mail, as far as TLS is concerned. Immutable.
///
/// @param name lower case, without a dot at the end; `""` where only its address is known
/// @param namedBy who says that it takes the mail
/// @param level what the route that leads there asks for; empty where it asks for nothing
/// @param learnsSecret we log in there, by a secret that nobody else is to learn
public record HostPlace(
        String name, int port, NamedBy namedBy, Optional<TlsLevel> level, boolean learnsSecret) {

    /// Who says which host takes the mail of a domain.
    public enum NamedBy {
        /// MX records that anybody on the way may have changed.
        MX,
        /// MX records that are signed.
        SIGNED_MX,
        /// The operator, in a route or as fallback: what the domain publishes about its own hosts
        /// is not about this one.
        OPERATOR,
        /// As OPERATOR, but he named only the domain whose MX records name this host, and anybody
        /// on the way may have changed those.
        OPERATOR_MX,
        /// The operator, and it is this machine: the kernel is between us.
        SOCKET;

        /// Of hosts that are looked up, or of a route.
        ///
        /// @param isSure the name is from signed records, or written by the operator
        public static NamedBy of(boolean isRoute, boolean isSure) {
            if (isRoute) {
                return isSure ? OPERATOR : OPERATOR_MX;
            }
            return isSure ? SIGNED_MX : MX;
        }
    }

    public HostPlace {
        name = name.toLowerCase(Locale.ROOT);
        name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    /// This machine, or an address of a private network that the operator wrote: no authority
    /// certifies those, and no answer of the DNS leads elsewhere.
    ///
    /// @param isWritten whether the operator wrote the address itself
    public static boolean isNear(InetAddress address, boolean isWritten) {
        return address.isLoopbackAddress() || (isWritten && PrivateAddresses.isOwn(address));
    }

    /// Nobody logs in.
    public HostPlace(String name, int port, NamedBy namedBy, Optional<TlsLevel> level) {
        this(name, port, namedBy, level, false);
    }

    /// Without a wish of a route.
    public HostPlace(String name, int port, NamedBy namedBy) {
        this(name, port, namedBy, Optional.empty());
    }

    /// Whether nobody could have put another name in its place.
    public boolean isNameSure() {
        return switch (namedBy) {
            case MX, OPERATOR_MX -> false;
            case SIGNED_MX, OPERATOR, SOCKET -> true;
        };
    }

    /// Whether no network is between us.
    public boolean isThisMachine() {
        return namedBy == NamedBy.SOCKET;
    }

    /// Whether the domain itself says that this host takes its mail.
    public boolean isOfDomain() {
        return switch (namedBy) {
            case MX, SIGNED_MX -> true;
            case OPERATOR, OPERATOR_MX, SOCKET -> false;
        };
    }
}
