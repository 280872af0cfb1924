package io.whimbrel.policy;

import io.whimbrel.smtp.SmtpReply;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// What one transaction takes of its tenant's quotas. Confined to the thread of its connection.
///
/// [#message] at MAIL, [#recipient] at each RCPT, [#body] at the end of the data; then [#keep]
/// before 250 is said, or else [#giveBack], however the transaction ends. An answer that is a reply
/// took nothing.
public final class QuotaClaim {
    /// Takings within so many milliseconds are remembered as one: the finest slot of any window is
    /// no shorter, so that a thousand pipelined recipients are a few entries.
    private static final long TICK_MILLIS = 10;

    private final Quotas quotas;
    private final TenantSettings tenant;
    private final Deque<Taken> taken = new ArrayDeque<>();
    private long bytes;

    private record Taken(QuotaKind kind, Instant at, long amount) {}

    QuotaClaim(Quotas quotas, TenantSettings tenant) {
        this.quotas = quotas;
        this.tenant = tenant;
    }

    /// @param bytesDeclared by SIZE; 0 where there was none
    public Optional<SmtpReply> message(long bytesDeclared) {
        Optional<SmtpReply> refusal = take(QuotaKind.MESSAGES, 1);
        if (refusal.isEmpty()) {
            refusal = body(bytesDeclared);
            if (refusal.isPresent()) {
                giveBack();
            }
        }
        return refusal;
    }

    public Optional<SmtpReply> recipient() {
        return take(QuotaKind.RECIPIENTS, 1);
    }

    /// Corrects what SIZE declared by what came.
    public Optional<SmtpReply> body(long bytesInAll) {
        Optional<SmtpReply> refusal = take(QuotaKind.BYTES, Math.max(0, bytesInAll - bytes));
        if (refusal.isEmpty()) {
            giveBackBytes(bytes - bytesInAll);
            bytes = bytesInAll;
        }
        return refusal;
    }

    /// The message is accepted, and counts.
    public void keep() {
        taken.clear();
        bytes = 0;
    }

    /// The message is not accepted. Does nothing after [#keep].
    public void giveBack() {
        for (Taken one : taken) {
            quotas.giveBack(tenant, one.kind(), one.at(), one.amount());
        }
        keep();
    }

    private Optional<SmtpReply> take(QuotaKind kind, long amount) {
        Instant now = quotas.now();
        Optional<SmtpReply> refusal = quotas.take(tenant, kind, now, amount);
        if (refusal.isEmpty() && amount > 0 && !kind.of(tenant.quotas()).isEmpty()) {
            remember(new Taken(kind, now, amount));
        }
        return refusal;
    }

    private void remember(Taken next) {
        Taken last = taken.peekLast();
        boolean isSame =
                last != null && last.kind() == next.kind() && tick(last.at()) == tick(next.at());
        if (isSame) {
            taken.removeLast();
            taken.add(new Taken(next.kind(), next.at(), last.amount() + next.amount()));
        } else {
            taken.add(next);
        }
    }

    private static long tick(Instant at) {
        return at.toEpochMilli() / TICK_MILLIS;
    }

    /// The declared size was too large.
    private void giveBackBytes(long amount) {
        long left = amount;
        for (Taken one : taken.stream().filter(it -> it.kind() == QuotaKind.BYTES).toList()) {
            if (left > 0) {
                long back = Math.min(left, one.amount());
                quotas.giveBack(tenant, QuotaKind.BYTES, one.at(), back);
                taken.remove(one);
                taken.add(new Taken(QuotaKind.BYTES, one.at(), one.amount() - back));
                left -= back;
            }
        }
    }
}
