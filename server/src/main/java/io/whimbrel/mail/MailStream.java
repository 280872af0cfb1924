package io.whimbrel.mail;

/// Whose mail a message is, for fairness, limits and reports. Immutable.
///
/// @param tenant the sender's account; `""` where the listener names none
/// @param campaign one mailing of the tenant; `""` where none is named
/// @param priority how urgent
/// @param pool name of the pool or source it is to leave by; `""` where the tenant's or the node's
///   own is meant. Of queued mail it is what [Treatment#pool] says
public record MailStream(String tenant, String campaign, PriorityClass priority, String pool) {

    public static final MailStream NONE = new MailStream("", "", PriorityClass.NORMAL);

    /// Leaving by the pool of its tenant or of the node.
    public MailStream(String tenant, String campaign, PriorityClass priority) {
        this(tenant, campaign, priority, "");
    }

    /// The same, leaving by the pool called `name`.
    public MailStream leavingBy(String name) {
        return name.equals(pool) ? this : new MailStream(tenant, campaign, priority, name);
    }

    /// The same in every process, which that of an enum is not: so a simulation that is repeated
    /// finds queues in the same order.
    @Override
    public int hashCode() {
        int names = 31 * (31 * tenant.hashCode() + campaign.hashCode()) + pool.hashCode();
        return 31 * names + priority.name().hashCode();
    }
}
