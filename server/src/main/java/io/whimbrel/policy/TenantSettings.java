package io.whimbrel.policy;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// One `[[tenant]]`: whose mail it is, and what they may do. Immutable.
///
/// @param name as credentials, listeners and events have it
/// @param fromDomains whom the From field and the reverse-path may name; empty for anybody
/// @param reversePaths addresses that the reverse-path may be besides
/// @param pool whose source addresses its mail leaves from
/// @param quotas how much it may send
/// @param limits of one message, and of connections at once
/// @param priority of mail that names none
/// @param classes which priorities it may ask for; empty for all
/// @param campaignHeader the field whose value names the campaign; empty for the listener's
/// @param dsnPolicy which notices its senders get; empty for what the listener says
/// @param mayControl whether header fields of its messages are obeyed: pool, schedule, and so on
/// @param networks clients from here are this tenant
/// @param certificates clients with one of these are this tenant: a name in it, or the SHA-256 of
///   the whole, `sha256:` and 64 lower-case hexadecimal digits
/// @param expire how long its messages are tried; empty for what `[retry]` says
public record TenantSettings(
        String name,
        List<DomainPattern> fromDomains,
        List<AddressPattern> reversePaths,
        Optional<String> pool,
        TenantQuotas quotas,
        Limits limits,
        Optional<PriorityClass> priority,
        List<PriorityClass> classes,
        Optional<String> campaignHeader,
        Optional<DsnPolicy> dsnPolicy,
        boolean mayControl,
        List<Network> networks,
        List<String> certificates,
        Optional<Duration> expire) {

    /// How much in how long; each holds in every window of its length. Immutable.
    ///
    /// @param messages accepted
    /// @param recipients accepted
    /// @param bytes of accepted messages
    public record TenantQuotas(List<Rate> messages, List<Rate> recipients, List<Rate> bytes) {

        public static final TenantQuotas NONE = new TenantQuotas(List.of(), List.of(), List.of());

        public TenantQuotas {
            messages = List.copyOf(messages);
            recipients = List.copyOf(recipients);
            bytes = List.copyOf(bytes);
        }

        public boolean isNone() {
            return messages.isEmpty() && recipients.isEmpty() && bytes.isEmpty();
        }
    }

    /// What holds besides the limits of the listener; the lesser one counts. Immutable.
    ///
    /// @param messageBytesMax of one message
    /// @param recipientsMax of one message
    /// @param connectionsMax at once, over all listeners
    public record Limits(
            OptionalLong messageBytesMax, OptionalInt recipientsMax, OptionalInt connectionsMax) {

        public static final Limits NONE =
                new Limits(OptionalLong.empty(), OptionalInt.empty(), OptionalInt.empty());
    }

    public TenantSettings {
        fromDomains = List.copyOf(fromDomains);
        reversePaths = List.copyOf(reversePaths);
        classes = List.copyOf(classes);
        networks = List.copyOf(networks);
        certificates = List.copyOf(certificates);
    }

    /// A tenant about which nothing is said: named by a listener or a credential, without rules.
    public static TenantSettings withoutRules(String name) {
        return new TenantSettings(
                name,
                List.of(),
                List.of(),
                Optional.empty(),
                TenantQuotas.NONE,
                Limits.NONE,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                false,
                List.of(),
                List.of(),
                Optional.empty());
    }

    /// Whether its mail may be of this class.
    public boolean mayUse(PriorityClass wanted) {
        return classes.isEmpty() || classes.contains(wanted);
    }
}
