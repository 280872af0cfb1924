package io.whimbrel.provider;

import io.whimbrel.provider.ProviderFolders.NamedText;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.toml.ConfigFinding;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Findings.Place;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Replies that providers really gave, and the rule that must know each: one file for a provider,
/// one reply on a line, behind the name of the rule. Immutable.
///
/// @param replies in the order of the files
/// @param errors lines that could not be read
public record ReplyCorpus(List<Entry> replies, List<ConfigFinding> errors) {
    public static final ReplyCorpus NONE = new ReplyCorpus(List.of(), List.of());

    private static final int LINE_MAX = 4_000;

    /// One reply. Immutable.
    ///
    /// @param provider who gave it
    /// @param rule of `provider`, or of `default` where it begins with `default/`
    /// @param wire as on the wire
    public record Entry(
            String file, int line, String provider, String rule, SmtpReply reply, String wire) {
        String place() {
            return file + ":" + line;
        }

        /// Whether `found`, a rule of the provider `of`, is the one.
        boolean isBy(String of, String found) {
            String prefix = ProviderFile.DEFAULT + "/";
            boolean isDefault = rule.startsWith(prefix);
            String ruleProvider = isDefault ? ProviderFile.DEFAULT : provider;
            String name = isDefault ? rule.substring(prefix.length()) : rule;
            return ruleProvider.equals(of) && name.equals(found);
        }
    }

    public ReplyCorpus {
        replies = List.copyOf(replies);
        errors = List.copyOf(errors);
    }

    /// The corpus that we ship.
    ///
    /// @throws IOException where the program lacks it
    public static ReplyCorpus shipped() throws IOException {
        var replies = new ArrayList<Entry>();
        var errors = new ArrayList<ConfigFinding>();
        for (NamedText file : ProviderFolders.shippedReplies()) {
            ReplyCorpus read = parse(file.name(), file.stem(), file.text());
            replies.addAll(read.replies);
            errors.addAll(read.errors);
        }
        return new ReplyCorpus(replies, errors);
    }

    /// Never throws.
    static ReplyCorpus parse(String file, String provider, String text) {
        var replies = new ArrayList<Entry>();
        var findings = new Findings(file);
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            int space = line.indexOf(' ');
            String wire = space < 0 ? "" : line.substring(space).strip().replace("\\n", "\n");
            Optional<SmtpReply> reply =
                    line.length() > LINE_MAX ? Optional.empty() : WireReply.parse(wire);
            if (space < 1 || reply.isEmpty()) {
                findings.error(
                        new Place(number, 1), "is not the name of a rule, a space and a reply");
            } else {
                String rule = line.substring(0, space);
                replies.add(new Entry(file, number, provider, rule, reply.get(), wire));
            }
        }
        return new ReplyCorpus(replies, findings.errors());
    }
}
