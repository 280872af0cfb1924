package io.whimbrel.pickup;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// `[sendmail]`: what names without a domain mean in mail of this machine's own programs.
/// Immutable.
///
/// @param defaultDomain of recipients
/// @param senderDomain of senders and authors
/// @param aliases who gets the mail of local names
public record SendmailSettings(
        String defaultDomain, String senderDomain, List<LocalAlias> aliases) {

    public SendmailSettings {
        aliases = List.copyOf(aliases);
    }

    /// All local names belong to `domain`, and nobody's mail goes to another.
    public static SendmailSettings of(String domain) {
        return new SendmailSettings(domain, domain, List.of());
    }

    /// By name, each once: the first one holds.
    Map<String, List<String>> aliasTable() {
        var table = new HashMap<String, List<String>>();
        aliases.forEach(alias -> table.putIfAbsent(alias.name(), alias.addresses()));
        return table;
    }

    /// Whom mail to `name`, which has no domain, is for.
    List<String> recipients(String name, Map<String, List<String>> table) {
        List<String> aliased = table.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
        return aliased.isEmpty() ? List.of(name + "@" + defaultDomain) : aliased;
    }
}
