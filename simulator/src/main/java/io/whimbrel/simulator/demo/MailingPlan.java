package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.Provider;
import io.whimbrel.simulator.SimulatedInternet;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/// Who gets what: drawn from a seed, so that a run can be repeated. Most recipients exist; one in
/// fifty or so does not, and of the mailboxes of one in 301 nothing but deferrals will ever come.
/// Confined to one thread.
final class MailingPlan {
    /// Of how many messages one goes to a mailbox that is full, and one to a disabled or unknown.
    /// None is a multiple of ten, or all would be of one tenant.
    private static final int FULL_EVERY = 301;

    private static final int UNKNOWN_EVERY = 97;
    private static final int DISABLED_EVERY = 397;
    private static final int MANY_DOMAINS = 40;

    /// Out of ten messages.
    private static final int SHOP_SHARE = 3;

    /// How mail is spread, roughly as in the inbox share of the real ones.
    private static final Map<String, Integer> WEIGHTS =
            Map.of(
                    "gmail",
                    34,
                    "outlook",
                    20,
                    "yahoo",
                    14,
                    "icloud",
                    10,
                    "smallpost",
                    8,
                    "mailhost",
                    14);

    private static final int WEIGHT_OF_OTHERS = 5;

    /// Mailboxes that their provider defers at every attempt.
    private static final List<String[]> FULL =
            List.of(
                    new String[] {"gmail", "full."},
                    new String[] {"outlook", "full."},
                    new String[] {"gmail", "busy."},
                    new String[] {"mailhost", "full."},
                    new String[] {"yahoo", "full."},
                    new String[] {"smallpost", "full."});

    private static final String[] FIRST = {
        "Anna", "Bela", "Chiara", "Dario", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas",
        "Kofi", "Lena", "Marek", "Nadia", "Omar", "Priya", "Rosa", "Sven", "Tara", "Yuki"
    };
    private static final String[] LAST = {
        "Almeida", "Becker", "Conti", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova",
        "Jensen", "Kowalski", "Lindqvist", "Moreau", "Novak", "Okafor", "Patel", "Rossi", "Sato"
    };
    private static final String[] ORDERS = {
        "Your order %d is on its way",
        "Receipt for order %d",
        "Reset your password (request %d)",
        "Your seat for show %d",
        "We have received your return %d"
    };
    private static final String[] CAMPAIGNS = {"weekly-digest", "autumn-catalogue", "last-call"};

    private final SimulatedInternet internet;
    private final SplittableRandom random;
    private final List<String> draw = new ArrayList<>();
    private final Map<String, List<String>> domains = new HashMap<>();

    private MailingPlan(SimulatedInternet internet, long seed) {
        this.internet = internet;
        this.random = new SplittableRandom(seed);
        for (Provider provider : internet.providers()) {
            int weight = WEIGHTS.getOrDefault(provider.name(), WEIGHT_OF_OTHERS);
            for (int i = 0; i < weight; i++) {
                draw.add(provider.name());
            }
            domains.put(provider.name(), provider.domains());
        }
    }

    /// `count` messages, each to another recipient at a provider of `internet`.
    static List<Mailing> of(SimulatedInternet internet, long seed, int count) {
        var plan = new MailingPlan(internet, seed);
        var mailings = new ArrayList<Mailing>(count);
        for (int number = 0; number < count; number++) {
            mailings.add(plan.mailing(number));
        }
        return mailings;
    }

    private Mailing mailing(int number) {
        String first = pick(FIRST);
        String last = pick(LAST);
        String recipient = recipient(number, (first + "." + last).toLowerCase(Locale.ROOT));
        Tenant tenant = number % 10 < SHOP_SHARE ? Tenant.SHOP : Tenant.NEWS;
        String campaign = tenant == Tenant.NEWS ? pick(CAMPAIGNS) : "";
        String subject =
                switch (tenant) {
                    case SHOP -> pick(ORDERS).replace("%d", Integer.toString(10_000 + number));
                    case NEWS -> "News from the coast: " + campaign.replace('-', ' ');
                };
        return new Mailing(
                number,
                tenant,
                campaign,
                first + " " + last,
                recipient,
                subject,
                size(tenant),
                internet.fateOf(recipient));
    }

    private String recipient(int number, String name) {
        String provider = draw.get(random.nextInt(draw.size()));
        String prefix = "";
        if (number % FULL_EVERY == FULL_EVERY / 2) {
            String[] full = FULL.get(number / FULL_EVERY % FULL.size());
            provider = domains.containsKey(full[0]) ? full[0] : provider;
            prefix = full[1];
        } else if (number % DISABLED_EVERY == 99 && domains.containsKey("yahoo")) {
            provider = "yahoo";
            prefix = "late-disabled.";
        } else if (number % UNKNOWN_EVERY == UNKNOWN_EVERY / 2) {
            prefix = "unknown.";
        }
        List<String> choice = domains.getOrDefault(provider, List.of());
        String domain = choice.get(random.nextInt(choice.size()));
        String host = "d" + random.nextInt(1, MANY_DOMAINS + 1);
        return prefix + name + "." + number + "@" + domain.replace("*", host);
    }

    /// Evenly spread over orders of magnitude, as sizes of mail are.
    private int size(Tenant tenant) {
        double kib =
                switch (tenant) {
                    case SHOP -> 1.5 * Math.pow(6, random.nextDouble());
                    case NEWS -> 4 * Math.pow(10, random.nextDouble());
                };
        return (int) (kib * 1024);
    }

    private String pick(String[] choice) {
        return choice[random.nextInt(choice.length)];
    }
}
