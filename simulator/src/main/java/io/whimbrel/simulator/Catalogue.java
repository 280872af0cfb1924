package io.whimbrel.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Who lives in a simulated internet. Every other name does not exist.
///
/// @param providers 250 at most
/// @param strays domains that belong to no provider
public record Catalogue(List<ProviderSpec> providers, List<MailDomain> strays) {

    public Catalogue {
        providers = List.copyOf(providers);
        strays = List.copyOf(strays);
        if (providers.size() > 250) {
            throw new IllegalArgumentException("250 providers at most, not " + providers.size());
        }
    }

    public static Catalogue of(ProviderSpec... providers) {
        return new Catalogue(List.of(providers), List.of());
    }

    public Catalogue withStrays(MailDomain... domains) {
        return new Catalogue(providers, List.of(domains));
    }

    /// Everyday providers first, then the odd ones, and domains without any. Waits of the real
    /// world (greylisting, slow replies) are divided by `timeScale`; rates are not.
    public static Catalogue standard(double timeScale) {
        var all = new ArrayList<>(everyday(timeScale).providers);
        all.addAll(odd(timeScale).providers);
        return new Catalogue(all, odd(timeScale).strays);
    }

    /// Six providers that a sender meets every day: Gmail, Outlook, Yahoo, iCloud, a small one that
    /// greylists, and a plain host (also of all domains `*.many.example`).
    public static Catalogue everyday(double timeScale) {
        var time = new TimeScale(timeScale);
        return of(gmail(), outlook(), yahoo(), icloud(), smallpost(time), mailhost());
    }

    private static ProviderSpec gmail() {
        var hosts = new ArrayList<MailHost>();
        var mx = new ArrayList<MailDomain.Mx>();
        for (int i = 0; i < 5; i++) {
            String name = "gmail-smtp-in.l.google.example";
            String host = i == 0 ? name : "alt" + i + "." + name;
            hosts.add(MailHost.live(host));
            mx.add(new MailDomain.Mx(i == 0 ? 5 : 10 * i, host));
        }
        return new ProviderSpec(
                "gmail",
                hosts,
                List.of(
                        new MailDomain.WithMx("gmail.example", mx),
                        new MailDomain.WithMx("googlemail.example", mx),
                        new MailDomain.WithMx("bookshop.example", mx)),
                Personality.of(
                        new Trait.ConnectionLimit(20, Stage.EHLO, ProviderReplies.GMAIL_BUSY),
                        new Trait.Mailboxes("full", Stage.RCPT, ProviderReplies.GMAIL_FULL),
                        new Trait.Mailboxes("busy", Stage.RCPT, ProviderReplies.GMAIL_RECEIVING),
                        new Trait.UnknownUsers(1, Stage.RCPT, ProviderReplies.GMAIL_UNKNOWN),
                        new Trait.RateLimit(
                                100,
                                Duration.ofSeconds(1),
                                Stage.END_OF_DATA,
                                ProviderReplies.GMAIL_RATE)),
                TlsKind.GOOD,
                Extension.USUAL);
    }

    private static ProviderSpec outlook() {
        String outlook = "outlook-example.olc.protection.outlook.example";
        String hotmail = "hotmail-example.olc.protection.outlook.example";
        return ProviderSpec.plain(
                        "outlook",
                        List.of(MailHost.live(outlook, 2), MailHost.live(hotmail)),
                        List.of(
                                MailDomain.of("outlook.example", outlook),
                                MailDomain.of("hotmail.example", hotmail)),
                        Personality.of(
                                new Trait.ConnectionLimit(
                                        5, Stage.MAIL, ProviderReplies.OUTLOOK_CONNECTIONS),
                                new Trait.RateLimit(
                                        80,
                                        Duration.ofSeconds(1),
                                        Stage.MAIL,
                                        ProviderReplies.OUTLOOK_RATE),
                                new Trait.Mailboxes(
                                        "full", Stage.RCPT, ProviderReplies.MAILBOX_FULL),
                                new Trait.UnknownUsers(
                                        2, Stage.RCPT, ProviderReplies.OUTLOOK_UNKNOWN)))
                .withTls(TlsKind.GOOD);
    }

    private static ProviderSpec yahoo() {
        String[] mx = {
            "mta5.am0.yahoodns.example", "mta6.am0.yahoodns.example", "mta7.am0.yahoodns.example"
        };
        return ProviderSpec.plain(
                        "yahoo",
                        List.of(MailHost.live(mx[0]), MailHost.live(mx[1]), MailHost.live(mx[2])),
                        List.of(
                                MailDomain.of("yahoo.example", mx),
                                MailDomain.of("aol.example", mx)),
                        Personality.of(
                                new Trait.MessagesPerConnection(
                                        20, ProviderReplies.YAHOO_PER_CONNECTION),
                                new Trait.RateLimit(
                                        60,
                                        Duration.ofSeconds(1),
                                        Stage.MAIL,
                                        ProviderReplies.YAHOO_RATE),
                                new Trait.Mailboxes(
                                        "full", Stage.RCPT, ProviderReplies.MAILBOX_FULL),
                                new Trait.Mailboxes(
                                        "late-disabled",
                                        Stage.END_OF_DATA,
                                        ProviderReplies.YAHOO_DISABLED),
                                new Trait.Mailboxes(
                                        "late-unknown",
                                        Stage.END_OF_DATA,
                                        ProviderReplies.YAHOO_UNKNOWN),
                                new Trait.UnknownUsers(
                                        1, Stage.END_OF_DATA, ProviderReplies.YAHOO_UNKNOWN)))
                .withTls(TlsKind.GOOD);
    }

    private static ProviderSpec icloud() {
        String[] mx = {"mx01.mail.icloud.example", "mx02.mail.icloud.example"};
        return ProviderSpec.plain(
                        "icloud",
                        List.of(MailHost.live(mx[0]), MailHost.live(mx[1])),
                        List.of(
                                MailDomain.of("icloud.example", mx),
                                MailDomain.of("me.example", mx)),
                        Personality.of(
                                new Trait.ConnectionLimit(
                                        10, Stage.MAIL, ProviderReplies.APPLE_CONNECTIONS),
                                new Trait.Mailboxes("full", Stage.RCPT, ProviderReplies.APPLE_FULL),
                                new Trait.UnknownUsers(
                                        1, Stage.RCPT, ProviderReplies.APPLE_UNKNOWN),
                                new Trait.RateLimit(
                                        50,
                                        Duration.ofSeconds(1),
                                        Stage.RCPT,
                                        ProviderReplies.APPLE_RATE)))
                .withTls(TlsKind.GOOD);
    }

    private static ProviderSpec smallpost(TimeScale time) {
        return ProviderSpec.single(
                "smallpost",
                "smallpost.example",
                Personality.of(
                        new Trait.UnknownUsers(0, Stage.RCPT, ProviderReplies.UNKNOWN_USER),
                        new Trait.Mailboxes("full", Stage.RCPT, ProviderReplies.MAILBOX_FULL),
                        new Trait.Greylist(time.real(300), ProviderReplies.GREYLISTED)));
    }

    private static ProviderSpec mailhost() {
        String host = "mx.mailhost.example";
        return ProviderSpec.plain(
                "mailhost",
                List.of(MailHost.live(host)),
                List.of(
                        MailDomain.of("mailhost.example", host),
                        MailDomain.of("*.many.example", host)),
                Personality.of(
                        new Trait.Mailboxes("full", Stage.RCPT, ProviderReplies.MAILBOX_FULL),
                        new Trait.UnknownUsers(5, Stage.RCPT, ProviderReplies.UNKNOWN_USER)));
    }

    /// Providers and domains that show how a sender copes with the rest of the world.
    public static Catalogue odd(double timeScale) {
        var time = new TimeScale(timeScale);
        return of(
                        ProviderSpec.single("plain", "plain.example", Personality.ACCEPTS),
                        dropping(),
                        slow(time),
                        accepting("tls", "tls.example", TlsKind.GOOD),
                        accepting("expired-tls", "expired-tls.example", TlsKind.EXPIRED),
                        accepting("wrong-name", "wrong-name.example", TlsKind.WRONG_NAME),
                        accepting("broken-tls", "broken-tls.example", TlsKind.BROKEN),
                        halfDead(),
                        noMx(),
                        ipv6(),
                        aliased(),
                        crowded(),
                        ProviderSpec.single("ancient", "ancient.example", Personality.ACCEPTS)
                                .withExtensions(Set.of()),
                        ProviderSpec.single("seven-bit", "seven-bit.example", Personality.ACCEPTS)
                                .withExtensions(Set.of(Extension.PIPELINING, Extension.SIZE)),
                        refusing())
                .withStrays(
                        new MailDomain.NullMx("nullmx.example"),
                        new MailDomain.ServerFailure("servfail.example"),
                        new MailDomain.Silent("silent.example"),
                        MailDomain.of("dangling.example", "absent.dangling.example"),
                        new MailDomain.Alias("loop-a.example", "loop-b.example"),
                        new MailDomain.Alias("loop-b.example", "loop-a.example"));
    }

    private static ProviderSpec accepting(String name, String domain, TlsKind tls) {
        return ProviderSpec.single(name, domain, Personality.ACCEPTS).withTls(tls);
    }

    private static ProviderSpec dropping() {
        return ProviderSpec.single(
                "dropping",
                "dropping.example",
                Personality.of(
                        new Trait.Drops(Stage.CONNECT, 5),
                        new Trait.Drops(Stage.MAIL, 7),
                        new Trait.Drops(Stage.MID_BODY, 4)));
    }

    private static ProviderSpec slow(TimeScale time) {
        return ProviderSpec.single(
                "slow",
                "slow.example",
                Personality.of(
                        new Trait.Slow(Stage.CONNECT, time.real(20)),
                        new Trait.Slow(Stage.MAIL, time.real(2)),
                        new Trait.Slow(Stage.RCPT, time.real(2)),
                        new Trait.Slow(Stage.END_OF_DATA, time.real(30))));
    }

    private static ProviderSpec halfDead() {
        String primary = "mx1.half-dead.example";
        String secondary = "mx2.half-dead.example";
        return ProviderSpec.plain(
                "half-dead",
                List.of(MailHost.dead(primary), MailHost.live(secondary)),
                List.of(
                        new MailDomain.WithMx(
                                "half-dead.example",
                                List.of(
                                        new MailDomain.Mx(10, primary),
                                        new MailDomain.Mx(20, secondary)))),
                Personality.ACCEPTS);
    }

    private static ProviderSpec noMx() {
        String host = "host.no-mx.example";
        return ProviderSpec.plain(
                "no-mx",
                List.of(MailHost.live(host)),
                List.of(new MailDomain.WithoutMx("no-mx.example", host)),
                Personality.ACCEPTS);
    }

    private static ProviderSpec ipv6() {
        String host = "mx.ipv6.example";
        return ProviderSpec.plain(
                "ipv6",
                List.of(MailHost.ipv6(host)),
                List.of(MailDomain.of("ipv6.example", host)),
                Personality.ACCEPTS);
    }

    /// Its second domain is an alias of the first, and the MX of the third names an alias, which
    /// RFC 2181 §10.3 forbids and the world does.
    private static ProviderSpec aliased() {
        String host = "mx.canonical.example";
        return ProviderSpec.plain(
                "aliased",
                List.of(MailHost.live(host)),
                List.of(
                        MailDomain.of("canonical.example", host),
                        new MailDomain.Alias("alias.example", "canonical.example"),
                        new MailDomain.Alias("mx.mx-alias.example", host),
                        MailDomain.of("mx-alias.example", "mx.mx-alias.example")),
                Personality.ACCEPTS);
    }

    /// So many MX records that they do not fit a datagram.
    private static ProviderSpec crowded() {
        var hosts = new ArrayList<MailHost>();
        var names = new ArrayList<String>();
        for (int i = 1; i <= 60; i++) {
            String name = "mx-host-with-a-long-name-number-" + i + ".crowded.example";
            hosts.add(MailHost.live(name));
            names.add(name);
        }
        return ProviderSpec.plain(
                "crowded",
                hosts,
                List.of(MailDomain.of("crowded.example", names.toArray(String[]::new))),
                Personality.ACCEPTS);
    }

    private static ProviderSpec refusing() {
        return ProviderSpec.single(
                "refusing",
                "refusing.example",
                Personality.of(new Trait.Refuses(Stage.CONNECT, ProviderReplies.BAD_REPUTATION)));
    }

    /// Turns seconds of the real world into waits of the simulated one.
    private record TimeScale(double factor) {
        private TimeScale {
            if (!(factor > 0)) {
                throw new IllegalArgumentException("time scale must be above 0, not " + factor);
            }
        }

        private Duration real(long seconds) {
            return Duration.ofNanos(Math.round(seconds * 1e9 / factor));
        }
    }
}
