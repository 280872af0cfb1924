package io.whimbrel.token;

import java.util.Optional;

/// A name in braces that a template has something else in place of.
///
/// @param kind what
/// @param name of the entry, of metadata; else `""`
record Placeholder(Kind kind, String name) {
    private static final String METADATA = "meta.";

    enum Kind {
        TOKEN("token"),
        REF("ref"),
        RECIPIENT("recipient"),
        RECIPIENT_LOCAL("recipient-local"),
        RECIPIENT_DOMAIN("recipient-domain"),
        CAMPAIGN("campaign"),
        TENANT("tenant"),
        ID("id"),
        METADATA("meta.NAME");

        private final String word;

        Kind(String word) {
            this.word = word;
        }
    }

    /// Empty where no placeholder has that name.
    static Optional<Placeholder> of(String name) {
        if (name.startsWith(METADATA) && name.length() > METADATA.length()) {
            return Optional.of(new Placeholder(Kind.METADATA, name.substring(METADATA.length())));
        }
        for (Kind kind : Kind.values()) {
            if (kind != Kind.METADATA && kind.word.equals(name)) {
                return Optional.of(new Placeholder(kind, ""));
            }
        }
        return Optional.empty();
    }

    /// The name that was most likely meant.
    static String nearest(String name) {
        if (name.startsWith("meta")) {
            return Kind.METADATA.word;
        }
        String nearest = "";
        int least = Integer.MAX_VALUE;
        for (Kind kind : Kind.values()) {
            int distance = distance(name, kind.word);
            if (distance < least) {
                least = distance;
                nearest = kind.word;
            }
        }
        return nearest;
    }

    static String allowed() {
        var names = new StringBuilder();
        for (Kind kind : Kind.values()) {
            names.append(names.isEmpty() ? "" : ", ").append('{').append(kind.word).append('}');
        }
        return names.toString();
    }

    /// Whether it is not the same for all recipients.
    boolean isOfRecipient() {
        return switch (kind) {
            case TOKEN, REF, RECIPIENT, RECIPIENT_LOCAL, RECIPIENT_DOMAIN -> true;
            case CAMPAIGN, TENANT, ID, METADATA -> false;
        };
    }

    String value(TemplateValues values) {
        return switch (kind) {
            case TOKEN -> values.token();
            case REF -> values.ref();
            case RECIPIENT -> values.recipient();
            case RECIPIENT_LOCAL -> values.localPart();
            case RECIPIENT_DOMAIN -> values.domain();
            case CAMPAIGN -> values.campaign();
            case TENANT -> values.tenant();
            case ID -> values.queueId().toString();
            case METADATA -> values.metadata().getOrDefault(name, "");
        };
    }

    /// How many characters are to be put in, taken out or changed (Levenshtein).
    private static int distance(String from, String to) {
        var row = new int[to.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int above = row[j];
                int changed = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(changed, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[to.length()];
    }
}
