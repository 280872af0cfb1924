package io.whimbrel.reception;

import io.whimbrel.header.MessageControls;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.policy.QuotaClaim;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;

/// Whether a message that has come may be sent as its header says, and as whose.
sealed interface Sending {

    /// @param tenant whose mail it is
    /// @param stream of the envelope
    /// @param claim what it takes of the tenant's quotas, to be kept or given back
    record Allowed(TenantSettings tenant, MailStream stream, QuotaClaim claim) implements Sending {}

    record Refused(SmtpReply reply) implements Sending {}

    static Sending of(IncomingMail mail) {
        Client client = mail.arrival().client();
        Client.Standing standing = client.standing();
        MessageControls controls = mail.controls();
        String name = controls.tenant().orElse(standing.tenant().name());
        if (standing.isNamed() && !name.equals(standing.tenant().name())) {
            return refused(
                    "Tenant " + standing.tenant().name() + " may not send as tenant " + name);
        }
        TenantSettings tenant = client.terms().door().tenants().named(name);
        Optional<SmtpReply> from = refusalOfFrom(mail, tenant);
        if (from.isPresent()) {
            return new Refused(from.get());
        }
        PriorityClass priority =
                controls.priority()
                        .or(tenant::priority)
                        .orElse(client.terms().settings().handling().stream().priority());
        if (!tenant.mayUse(priority)) {
            return refused("Tenant " + name + " may not send mail of this class");
        }
        boolean isSame = name.equals(standing.tenant().name());
        QuotaClaim claim =
                isSame
                        ? mail.arrival().visit().claim()
                        : client.terms().door().shared().quotas().claim(tenant);
        Optional<SmtpReply> usedUp =
                (isSame ? Optional.<SmtpReply>empty() : takeAll(claim, mail, tenant))
                        .or(() -> claim.body(mail.size()));
        if (usedUp.isPresent()) {
            claim.giveBack();
        }
        String campaign = controls.campaign().orElse(mail.header().value());
        return usedUp.isPresent()
                ? new Refused(usedUp.get())
                : new Allowed(tenant, new MailStream(name, campaign, priority), claim);
    }

    /// Of a tenant that only the header named, nothing was taken before.
    private static Optional<SmtpReply> takeAll(
            QuotaClaim claim, IncomingMail mail, TenantSettings tenant) {
        long bytesMax = tenant.limits().messageBytesMax().orElse(Long.MAX_VALUE);
        if (mail.size() > bytesMax) {
            return Optional.of(SmtpSession.tooLarge(bytesMax));
        }
        Optional<SmtpReply> usedUp = claim.message(0);
        int recipients = mail.arrival().transaction().recipients().size();
        for (int i = 0; i < recipients && usedUp.isEmpty(); i++) {
            usedUp = claim.recipient();
        }
        return usedUp;
    }

    private static Sending refused(String text) {
        return new Refused(SmtpReply.of(550, 5, 7, 1, text));
    }

    private static Optional<SmtpReply> refusalOfFrom(IncomingMail mail, TenantSettings tenant) {
        Client client = mail.arrival().client();
        return mail.edit().isPresent() && client.mayRelay()
                ? client.terms().door().refusalOfFrom(tenant, mail.edit().get().from())
                : Optional.empty();
    }
}
