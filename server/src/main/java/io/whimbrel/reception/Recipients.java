package io.whimbrel.reception;

import io.whimbrel.mail.Recipient;

import java.util.Arrays;
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

    /// All of them, in the order of their RCPT commands.
    default List<Recipient> toList() {
        var recipients = new Recipient[size()];
        Recipients rest = this;
        while (rest instanceof Some(Recipients before, Recipient last, int size)) {
            recipients[size - 1] = last;
            rest = before;
        }
        return Arrays.asList(recipients);
    }
}
