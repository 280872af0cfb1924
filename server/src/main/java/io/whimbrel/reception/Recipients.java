package io.whimbrel.reception;

import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.Recipient;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/// The recipients of a transaction so far. Immutable, and longer by one in constant time: a
/// transaction of a thousand recipients does not copy half a million.
sealed interface Recipients {

    record None() implements Recipients {}

    /// @param size of the whole, this one included
    record Some(Recipients before, Recipient last, int size) implements Recipients {}

    default int size() {
        return this instanceof Some some ? some.size : 0;
    }

    default Recipients with(Recipient recipient) {
        return new Some(this, recipient, size() + 1);
    }

    /// All of them, in the order of their RCPT commands. Who was named twice is there once, as he
    /// was named first: he is not to get the message twice. Local parts are the same only to the
    /// letter, domains in any case (RFC 5321 §2.4).
    default List<Recipient> toList() {
        var recipients = new Recipient[size()];
        Recipients rest = this;
        while (rest instanceof Some(Recipients before, Recipient last, int size)) {
            recipients[size - 1] = last;
            rest = before;
        }
        return recipients.length < 2 ? List.of(recipients) : distinct(recipients);
    }

    private static List<Recipient> distinct(Recipient[] recipients) {
        var mailboxes = HashSet.<ForwardPath>newHashSet(recipients.length);
        var distinct = new ArrayList<Recipient>(recipients.length);
        for (Recipient recipient : recipients) {
            ForwardPath path = recipient.path();
            String address = path.address();
            String localPart = address.substring(0, address.lastIndexOf('@'));
            if (mailboxes.add(new ForwardPath(localPart, path.domain()))) {
                distinct.add(recipient);
            }
        }
        return distinct;
    }
}
