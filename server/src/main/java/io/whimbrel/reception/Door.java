package io.whimbrel.reception;

import io.whimbrel.auth.Identity;
import io.whimbrel.auth.SaslStep;
import io.whimbrel.mail.DomainName;
import io.whimbrel.policy.Blocklists;
import io.whimbrel.policy.DomainExistence;
import io.whimbrel.policy.DoorRates;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.RecipientPolicy;
import io.whimbrel.policy.SenderRules;
import io.whimbrel.policy.TenantConnections;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.Tenants;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.tls.ClientCertificate;
import io.whimbrel.tls.TlsFacts;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What one listener asks of clients before it takes their mail. Immutable, and its parts are
/// thread-safe; a reload makes another one, of parts that remember.
///
/// @param settings of the listener
/// @param tenants all of the configuration
/// @param recipients who is taken as a recipient
/// @param rates of the listener
/// @param pools that header fields may name
/// @param shared by all listeners
record Door(
        DoorSettings settings,
        Tenants tenants,
        RecipientPolicy recipients,
        DoorRates rates,
        Set<String> pools,
        Shared shared) {

    /// What all listeners share.
    record Shared(
            SenderRules senders,
            Quotas quotas,
            TenantConnections connections,
            Blocklists blocklists,
            DomainExistence existence) {}

    /// Whose client this is: by its login, else its certificate, else its network, else the
    /// listener.
    Client.Standing standing(
            InetAddress address,
            ListenTerms terms,
            Optional<TlsFacts> tls,
            Optional<SaslStep.Granted> login) {
        Optional<TenantSettings> certified =
                tls.flatMap(TlsFacts::clientCertificate).flatMap(this::ofCertificate);
        Optional<TenantSettings> named =
                login.map(SaslStep.Granted::identity)
                        .map(Identity::tenant)
                        .filter(name -> !name.isEmpty())
                        .map(tenants::named)
                        .or(() -> certified)
                        .or(() -> tenants.ofClient(address));
        String byListener = terms.settings().handling().stream().tenant();
        return new Client.Standing(
                named.orElseGet(() -> tenants.named(byListener)),
                terms.relayPolicy().mayRelay(address),
                certified.isPresent(),
                named.isPresent());
    }

    /// Names of a certificate count only where an authority of ours vouches for them; the
    /// fingerprint proves itself.
    private Optional<TenantSettings> ofCertificate(ClientCertificate certificate) {
        var names = new ArrayList<String>();
        if (certificate.isVerified()) {
            names.addAll(certificate.dnsNames());
            names.addAll(certificate.emails());
        }
        return tenants.ofCertificate(certificate.fingerprint(), names);
    }

    /// Why a transaction may not begin.
    Optional<SmtpReply> refusalOfSender(Client client, SmtpPath path) {
        Optional<SmtpReply> rate = rates.message(client.doorClient());
        if (rate.isPresent()) {
            return rate;
        }
        Optional<SmtpReply> rule =
                client.mayRelay()
                        ? refusalOfReversePath(client, client.standing().tenant(), path)
                        : Optional.empty();
        if (rule.isPresent() || !settings.checksSenderDomain() || path.isNull()) {
            return rule;
        }
        return DomainName.parse(path.domain()).flatMap(shared.existence::sender);
    }

    /// Why a recipient is not taken who may be one.
    ///
    /// @param isOurs everybody must be able to reach him, whatever the DNS says of our name
    Optional<SmtpReply> refusalOfRecipient(Client client, DomainName domain, boolean isOurs) {
        Optional<SmtpReply> rate = rates.recipients(client.doorClient(), 1);
        return rate.isPresent() || isOurs || !settings.checksRecipientDomain()
                ? rate
                : shared.existence.recipient(domain);
    }

    /// What a client is told that is on a blocklist; who may relay is not looked for.
    Optional<SmtpReply> listing(Client client) {
        return client.mayRelay()
                ? Optional.empty()
                : shared.blocklists
                        .find(client.address(), settings.blocklists())
                        .map(found -> found.reply(client.address()));
    }

    /// Why a tenant, or this client, may not send with this reverse-path.
    Optional<SmtpReply> refusalOfReversePath(Client client, TenantSettings tenant, SmtpPath path) {
        return shared.senders
                .reversePath(tenant, path)
                .or(() -> shared.senders.reversePath(listeners(client), path));
    }

    /// Why a tenant, or this client, may not send as the From fields say.
    Optional<SmtpReply> refusalOfFrom(Client client, TenantSettings tenant, List<String> fields) {
        return shared.senders
                .from(tenant, fields)
                .or(() -> shared.senders.from(listeners(client), fields));
    }

    private static SenderRules.Allowed listeners(Client client) {
        return new SenderRules.Allowed(
                "A client of this listener",
                client.terms().settings().access().fromDomains(),
                List.of());
    }
}
