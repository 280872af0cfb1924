package io.whimbrel.pickup;

import io.whimbrel.smtp.SmtpPath;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Who gets the mail of a local name, such as root. Immutable.
///
/// @param name in lower case, without a domain
/// @param addresses at least one, each with its domain, so that aliases never go round in circles
public record LocalAlias(String name, List<String> addresses) {
    private static final int ADDRESSES_MAX = 100;

    public LocalAlias {
        addresses = List.copyOf(addresses);
    }

    /// Reads `root: ops@example.com, night@example.com`. Empty where `text` is not of that form.
    public static Optional<LocalAlias> parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 1) {
            return Optional.empty();
        }
        String name = text.substring(0, colon).strip().toLowerCase(Locale.ROOT);
        boolean isLocal =
                AddressText.path(name).filter(path -> path.domain().isEmpty()).isPresent();
        var addresses = new ArrayList<String>();
        for (String part : text.substring(colon + 1).split(",", ADDRESSES_MAX + 1)) {
            Optional<SmtpPath> path = AddressText.path(part.strip());
            if (path.isEmpty() || AddressText.forwardPath(path.get()).isEmpty()) {
                return Optional.empty();
            }
            addresses.add(path.get().address());
        }
        return isLocal ? Optional.of(new LocalAlias(name, addresses)) : Optional.empty();
    }

    /// As [#parse] reads it.
    @Override
    public String toString() {
        return name + ": " + String.join(", ", addresses);
    }
}
