package io.whimbrel.signing;

import io.whimbrel.keys.KeyPlace;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `[[dkim]]`: one key, and which mail is signed with it. Immutable.
///
/// @param domain who signs (`d=`); empty: the author's own domain, whichever that is
/// @param selector of the key (`s=`), where it has not been replaced since
/// @param key where it lies; in a file's path `{domain}` stands for the domain that signs
/// @param scope which mail
/// @param form how
public record DkimRule(
        Optional<DomainName> domain, String selector, KeyPlace key, Scope scope, Form form) {

    /// Which mail a key is for. Immutable.
    ///
    /// @param authors domains of From; none: that of the key, and below it
    /// @param hasSubdomains without `authors`: below it, too
    /// @param tenants whose mail; none: everybody's
    /// @param kinds what mail; none: all
    /// @param isAlways else only where nobody has signed for this domain yet
    public record Scope(
            List<DomainPattern> authors,
            boolean hasSubdomains,
            List<String> tenants,
            List<Kind> kinds,
            boolean isAlways) {
        public static final Scope ALL = new Scope(List.of(), true, List.of(), List.of(), true);

        public Scope {
            authors = List.copyOf(authors);
            tenants = List.copyOf(tenants);
            kinds = List.copyOf(kinds);
        }

        boolean isFor(MailStream stream) {
            return (tenants.isEmpty() || tenants.contains(stream.tenant()))
                    && (kinds.isEmpty() || kinds.stream().anyMatch(kind -> kind.has(stream)));
        }

        /// How much it is narrowed down by who sends what: of two keys the narrower one signs.
        int narrowness() {
            return (tenants.isEmpty() ? 0 : 2) + (kinds.isEmpty() ? 0 : 1);
        }
    }

    /// A class of mail. Immutable.
    ///
    /// @param pool that its mail leaves by; `""`: any
    public record Kind(String pool, PriorityClass priority) {
        boolean has(MailStream stream) {
            return priority == stream.priority() && (pool.isEmpty() || pool.equals(stream.pool()));
        }
    }

    /// How a signature is made. Immutable.
    ///
    /// @param headerIsRelaxed canonical form of the header; else simple
    /// @param bodyIsRelaxed that of the body
    /// @param fields names of fields that are signed, as often as they are there, lower case
    /// @param overSigned names of fields that are signed once more than that, so that none can be
    ///   added
    /// @param expire how long a signature holds (`x=`); empty: for ever
    /// @param identity on whose behalf (`i=`)
    public record Form(
            boolean headerIsRelaxed,
            boolean bodyIsRelaxed,
            List<String> fields,
            List<String> overSigned,
            Optional<Duration> expire,
            Identity identity) {

        /// RFC 6376 §5.4.1, RFC 8058 §4, and what providers look at.
        public static final List<String> FIELDS =
                List.of(
                        "from",
                        "sender",
                        "reply-to",
                        "subject",
                        "date",
                        "message-id",
                        "to",
                        "cc",
                        "mime-version",
                        "content-type",
                        "content-transfer-encoding",
                        "content-id",
                        "content-description",
                        "resent-date",
                        "resent-from",
                        "resent-sender",
                        "resent-to",
                        "resent-cc",
                        "resent-message-id",
                        "in-reply-to",
                        "references",
                        "list-id",
                        "list-help",
                        "list-unsubscribe",
                        "list-unsubscribe-post",
                        "list-subscribe",
                        "list-post",
                        "list-owner",
                        "list-archive",
                        "auto-submitted",
                        "precedence",
                        "feedback-id",
                        "cfbl-address",
                        "cfbl-feedback-id",
                        "x-whimbrel-ref",
                        "tls-report-domain",
                        "tls-report-submitter",
                        "tls-required");

        /// Those of which a second one would change what people see.
        public static final List<String> OVER_SIGNED =
                List.of(
                        "from",
                        "reply-to",
                        "subject",
                        "date",
                        "to",
                        "cc",
                        "mime-version",
                        "content-type",
                        "content-transfer-encoding");

        public static final Form DEFAULT =
                new Form(true, true, FIELDS, OVER_SIGNED, Optional.empty(), new Identity.Unsaid());

        public Form {
            fields = lower(fields);
            overSigned = lower(overSigned);
        }

        private static List<String> lower(List<String> names) {
            return names.stream().map(name -> name.toLowerCase(Locale.ROOT)).distinct().toList();
        }
    }

    /// On whose behalf a signature is (RFC 6376 §3.5, `i=`). Immutable.
    public sealed interface Identity {

        /// Nothing is said: the domain itself.
        record Unsaid() implements Identity {}

        /// The address in From, where it lies within the domain that signs.
        record Author() implements Identity {}

        /// This one: an address or `@` and a domain, within the domain that signs.
        record Fixed(String text) implements Identity {}
    }

    /// Whether it is for the author's own domain, not one that signs for others.
    boolean isAuthors() {
        return scope.authors().isEmpty();
    }

    @Override
    public String toString() {
        return selector + " of " + domain.map(DomainName::value).orElse("*");
    }
}
