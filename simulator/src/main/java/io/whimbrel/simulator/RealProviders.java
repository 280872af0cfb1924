package io.whimbrel.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The big providers under their real names, so that what a server knows of them by their MX hosts
/// applies here. All of them live on loopback, and only who asks this simulator's DNS finds them.
/// Stateless.
///
/// Texts are theirs as far as they are published; limits are made up, and count messages of one
/// client address.
final class RealProviders {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private RealProviders() {}

    /// @param perSecond messages that each takes of one client address in any second, 1 or more
    /// @param timeScale divides waits, not rates
    static Catalogue of(int perSecond, double timeScale) {
        var all = new ArrayList<ProviderSpec>();
        all.add(google(perSecond));
        all.add(yahoo(perSecond));
        all.add(outlook(perSecond));
        all.add(office(perSecond));
        all.add(apple(perSecond));
        all.add(comcast(perSecond));
        all.add(gmx(perSecond));
        all.add(small(timeScale));
        return Catalogue.of(all.toArray(ProviderSpec[]::new));
    }

    private static ProviderSpec google(int perSecond) {
        return provider(
                "google",
                List.of("gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com"),
                List.of("gmail.com", "googlemail.com"),
                new Trait.ConnectionLimit(20, Stage.EHLO, ProviderReplies.GMAIL_BUSY),
                new Trait.Mailboxes("full", Stage.RCPT, ProviderReplies.GMAIL_FULL),
                new Trait.Mailboxes("busy", Stage.RCPT, ProviderReplies.GMAIL_RECEIVING),
                new Trait.UnknownUsers(1, Stage.RCPT, ProviderReplies.GMAIL_UNKNOWN),
                new Trait.RateLimit(
                        perSecond, SECOND, Stage.END_OF_DATA, ProviderReplies.GMAIL_RATE));
    }

    private static ProviderSpec yahoo(int perSecond) {
        return provider(
                "yahoo",
                List.of("mta5.am0.yahoodns.net", "mta6.am0.yahoodns.net", "mta7.am0.yahoodns.net"),
                List.of("yahoo.com", "aol.com", "att.net"),
                new Trait.MessagesPerConnection(20, ProviderReplies.YAHOO_PER_CONNECTION),
                new Trait.RateLimit(perSecond, SECOND, Stage.MAIL, ProviderReplies.YAHOO_RATE),
                new Trait.Mailboxes("late", Stage.END_OF_DATA, ProviderReplies.YAHOO_DISABLED),
                new Trait.UnknownUsers(1, Stage.END_OF_DATA, ProviderReplies.YAHOO_UNKNOWN));
    }

    private static ProviderSpec outlook(int perSecond) {
        return provider(
                "microsoft-consumer",
                List.of("outlook-com.olc.protection.outlook.com"),
                List.of("outlook.com", "hotmail.com", "live.com"),
                new Trait.ConnectionLimit(5, Stage.MAIL, ProviderReplies.OUTLOOK_CONNECTIONS),
                new Trait.RateLimit(perSecond, SECOND, Stage.MAIL, ProviderReplies.OUTLOOK_RATE),
                new Trait.UnknownUsers(2, Stage.RCPT, ProviderReplies.OUTLOOK_UNKNOWN));
    }

    private static ProviderSpec office(int perSecond) {
        return provider(
                "microsoft-365",
                List.of("contoso-com.mail.protection.outlook.com"),
                List.of("contoso.com"),
                new Trait.RateLimit(perSecond, SECOND, Stage.MAIL, ProviderReplies.OFFICE_BUSY),
                new Trait.UnknownUsers(2, Stage.RCPT, ProviderReplies.OFFICE_UNKNOWN));
    }

    private static ProviderSpec apple(int perSecond) {
        return provider(
                "apple",
                List.of("mx01.mail.icloud.com", "mx02.mail.icloud.com"),
                List.of("icloud.com", "me.com", "mac.com"),
                new Trait.ConnectionLimit(10, Stage.MAIL, ProviderReplies.APPLE_CONNECTIONS),
                new Trait.Mailboxes("full", Stage.RCPT, ProviderReplies.APPLE_FULL),
                new Trait.UnknownUsers(1, Stage.RCPT, ProviderReplies.APPLE_UNKNOWN),
                new Trait.RateLimit(perSecond, SECOND, Stage.RCPT, ProviderReplies.APPLE_RATE));
    }

    private static ProviderSpec comcast(int perSecond) {
        return provider(
                "comcast",
                List.of("mx1.comcast.net", "mx2.comcast.net"),
                List.of("comcast.net"),
                new Trait.ConnectionLimit(10, Stage.CONNECT, ProviderReplies.COMCAST_SESSIONS),
                new Trait.RateLimit(perSecond, SECOND, Stage.MAIL, ProviderReplies.COMCAST_RATE),
                new Trait.UnknownUsers(1, Stage.RCPT, ProviderReplies.COMCAST_UNKNOWN));
    }

    private static ProviderSpec gmx(int perSecond) {
        return provider(
                "gmx",
                List.of("mx00.gmx.net", "mx01.gmx.net"),
                List.of("gmx.net", "gmx.de", "web.de"),
                new Trait.ConnectionLimit(5, Stage.CONNECT, ProviderReplies.GMX_CONNECTIONS),
                new Trait.RateLimit(perSecond, SECOND, Stage.MAIL, ProviderReplies.GMX_RATE),
                new Trait.Mailboxes("full", Stage.RCPT, ProviderReplies.GMX_FULL),
                new Trait.UnknownUsers(1, Stage.RCPT, ProviderReplies.GMX_UNKNOWN));
    }

    /// One that greylists, as many of the rest do.
    private static ProviderSpec small(double timeScale) {
        Duration wait = Duration.ofNanos(Math.round(300 * 1e9 / timeScale));
        return ProviderSpec.single(
                "greylisting",
                "greylisting.example",
                Personality.of(new Trait.Greylist(wait, ProviderReplies.GREYLISTED)));
    }

    private static ProviderSpec provider(
            String name, List<String> hosts, List<String> domains, Trait... traits) {
        String[] mx = hosts.toArray(String[]::new);
        return ProviderSpec.plain(
                        name,
                        hosts.stream().map(MailHost::live).toList(),
                        domains.stream().map(domain -> MailDomain.of(domain, mx)).toList(),
                        Personality.of(traits))
                .withTls(TlsKind.GOOD);
    }
}
