package io.whimbrel.transport;

import java.util.Locale;

/// A host that may take mail, as far as TLS is concerned. Immutable.
///
/// @param name lower case, without a dot at the end; `""` where only its address is known
/// @param isNameSure whether nobody could have put another name in its place: the MX records are
///   signed, or the operator wrote it in a route
public record HostPlace(String name, int port, boolean isNameSure) {

    public HostPlace {
        name = name.toLowerCase(Locale.ROOT);
        name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }
}
