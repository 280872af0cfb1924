package io.whimbrel.policy;

import io.whimbrel.mail.DomainName;

import java.util.List;

/// What a From field says (RFC 5322 §3.6.2, §3.4): whose mail a message claims to be. Immutable.
public sealed interface FromField {
    /// Longer fields are [Broken]; no mail program writes them.
    int CHARACTERS_MAX = 16_384;

    /// More addresses than these make a field [Broken].
    int ADDRESSES_MAX = 100;

    /// These addresses, those of groups included.
    ///
    /// @param addresses 1 to [#ADDRESSES_MAX], as often as they stand there
    record Addresses(List<Address> addresses) implements FromField {

        public Addresses {
            addresses = List.copyOf(addresses);
        }
    }

    /// One address.
    ///
    /// @param localPart without comments and spaces; a quoted one with its quotes
    /// @param domain in A-labels
    record Address(String localPart, DomainName domain) {

        @Override
        public String toString() {
            return localPart + "@" + domain;
        }
    }

    /// Not an address list.
    ///
    /// @param why for a person; repeats nothing of the field
    record Broken(String why) implements FromField {}

    /// Reads the value of a From field, folded or not: comments, quoted strings, groups (RFC 6854),
    /// UTF-8 (RFC 6532), and the old forms of RFC 5322 §4.4, which are still written. An encoded
    /// word (RFC 2047) is text like any other: it cannot make an address.
    ///
    /// Strict where readers of the message may disagree about what the address is: that field is
    /// [Broken], so that nobody gets a sender past the rules by writing him oddly.
    static FromField parse(String value) {
        return new FromFieldReader(value).read();
    }
}
