package io.whimbrel.reception;

import io.whimbrel.mail.DomainName;
import io.whimbrel.policy.DoorConsequence;
import io.whimbrel.policy.QuotaClaim;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;

/// What one connection takes of what its tenant and all clients may have. Confined to the
/// connection's thread; [#end] gives back what is held.
final class Visit {
    private Client client;

    /// Counted among the connections of this tenant.
    private Optional<TenantSettings> counted = Optional.empty();

    private QuotaClaim claim;

    /// What blocklists say of the client; asked once.
    private Optional<Optional<SmtpReply>> listing = Optional.empty();

    Visit(Client client) {
        this.client = client;
        this.claim = newClaim(client);
    }

    /// Who takes part in the tenant's shares: a stranger at its listener has none of them.
    private static TenantSettings tenantOf(Client client) {
        return client.mayRelay() ? client.standing().tenant() : TenantSettings.withoutRules("");
    }

    private static QuotaClaim newClaim(Client client) {
        return client.terms().door().shared().quotas().claim(tenantOf(client));
    }

    /// The connection has come.
    ///
    /// @return why it may not stay
    Optional<SmtpReply> begin() {
        return client.terms().door().rates().connect(client.doorClient()).or(this::countConnection);
    }

    /// The client has proved to be another.
    ///
    /// @return why it may not stay: it is banned, or its tenant has too many connections
    Optional<SmtpReply> becomes(Client next) {
        claim.giveBack();
        boolean isSameTenant = tenantOf(next).equals(tenantOf(client));
        boolean isSameAddress = next.address().equals(client.address());
        client = next;
        claim = newClaim(next);
        if (!isSameAddress) {
            listing = Optional.empty();
        }
        // The client behind a proxy has its own rates and bans; the proxy's were asked before.
        Optional<SmtpReply> refusal =
                isSameAddress
                        ? Optional.empty()
                        : next.terms().door().rates().connect(next.doorClient());
        if (refusal.isPresent() || isSameTenant) {
            return refusal;
        }
        leaveTenant();
        return countConnection();
    }

    private Optional<SmtpReply> countConnection() {
        TenantSettings tenant = tenantOf(client);
        if (tenant.name().isEmpty()) {
            return Optional.empty();
        }
        Optional<SmtpReply> refusal = client.terms().door().shared().connections().open(tenant);
        counted = refusal.isPresent() ? Optional.empty() : Optional.of(tenant);
        return refusal;
    }

    private void leaveTenant() {
        counted.ifPresent(client.terms().door().shared().connections()::close);
        counted = Optional.empty();
    }

    /// MAIL is in order.
    ///
    /// @param size announced, 0 where it was not
    /// @return why it is not taken; 421 ends the connection
    Optional<SmtpReply> mail(SmtpPath path, long size) {
        return client.terms()
                .door()
                .refusalOfSender(client, path)
                .or(() -> claim.message(Math.min(size, client.messageBytesMax())));
    }

    /// RCPT is in order.
    ///
    /// @return why the recipient is not taken
    Optional<SmtpReply> recipient(DomainName domain, boolean isPostmaster) {
        Optional<SmtpReply> listed = isPostmaster ? Optional.empty() : listing();
        return listed.or(() ->
                        client.terms().door().refusalOfRecipient(client, domain, isPostmaster))
                .or(claim::recipient);
    }

    private Optional<SmtpReply> listing() {
        if (listing.isEmpty()) {
            listing = Optional.of(client.terms().door().listing(client));
        }
        return listing.get();
    }

    /// A command was refused for good.
    ///
    /// @param isRecipient the command was RCPT
    DoorConsequence refused(boolean isRecipient) {
        var rates = client.terms().door().rates();
        return isRecipient
                ? rates.refusedRecipient(client.doorClient())
                : rates.error(client.doorClient());
    }

    /// What the open transaction has taken of the quotas.
    QuotaClaim claim() {
        return claim;
    }

    /// No transaction is open: what one took and did not keep is given back.
    void transactionIsOver() {
        claim.giveBack();
    }

    /// The connection is over.
    void end() {
        claim.giveBack();
        leaveTenant();
    }
}
