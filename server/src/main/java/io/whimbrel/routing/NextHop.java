package io.whimbrel.routing;

import io.whimbrel.egress.Site;
import io.whimbrel.smtp.SmtpReply;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Who takes the mail of a domain. Immutable. Two that differ have sites of different names.
public sealed interface NextHop {

    /// What shares this next hop.
    Site site();

    /// One that is talked to in sessions.
    sealed interface Talker extends NextHop {

        /// What is spoken.
        Protocol protocol();
    }

    /// One that takes each message by itself, without a session.
    sealed interface Taker extends NextHop {}

    /// Hosts on the network.
    ///
    /// @param hosts names or plain addresses, by preference; at least one
    /// @param isRoute the operator names the hosts, or the domain whose MX they are, in a
    ///   `[[route]]` or as fallback: they may lie anywhere, and what the recipient's domain
    ///   publishes is not about them
    /// @param terms how they are talked to
    record Remote(
            Site site, Protocol protocol, List<TargetHost> hosts, boolean isRoute, Terms terms)
            implements Talker {
        public Remote {
            hosts = List.copyOf(hosts);
        }
    }

    /// A program on this machine, by LMTP over a UNIX socket.
    ///
    /// @param path absolute
    record LocalSocket(Site site, Path path) implements Talker {

        @Override
        public Protocol protocol() {
            return Protocol.LMTP;
        }
    }

    /// An endpoint that messages are posted to.
    ///
    /// @param credentials to log in with
    record Http(Site site, URI uri, Optional<Credentials> credentials) implements Taker {}

    /// Nobody: mail counts as delivered.
    ///
    /// @param reply positive; says so
    record Discard(Site site, SmtpReply reply) implements Taker {}

    /// Nobody: mail is returned to its sender.
    ///
    /// @param reply permanent
    record Refuse(Site site, SmtpReply reply) implements Taker {}

    /// How hosts are talked to. Immutable.
    ///
    /// @param isImplicitTls TLS begins with the first octet
    /// @param tls name of the policy that the route asks for; `""` where it asks for none
    /// @param credentials to log in with
    /// @param fallback the next hop where none of the hosts can be connected to; it has no further
    ///   one
    /// @param areNamesSure the names of the hosts are from signed DNS records, or written by the
    ///   operator
    record Terms(
            boolean isImplicitTls,
            String tls,
            Optional<Credentials> credentials,
            Optional<Remote> fallback,
            boolean areNamesSure) {

        /// Of hosts whose names nobody vouches for.
        public Terms(
                boolean isImplicitTls,
                String tls,
                Optional<Credentials> credentials,
                Optional<Remote> fallback) {
            this(isImplicitTls, tls, credentials, fallback, false);
        }

        /// The same with hosts whose names nobody on the way can have changed.
        Terms withSureNames() {
            return new Terms(isImplicitTls, tls, credentials, fallback, true);
        }

        public static final Terms NONE = new Terms(false, "", Optional.empty(), Optional.empty());
    }
}
