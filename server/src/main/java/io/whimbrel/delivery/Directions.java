package io.whimbrel.delivery;

import io.whimbrel.egress.Site;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.DomainName;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Where mail goes under one plan, and which site is which next hop. Thread-safe. A reload makes
/// new directions, and sessions opened under the old ones end with the message in hand.
///
/// Remembers [#SITES_MAX] sites; one that is forgotten is found again by the domain of its mail.
final class Directions {
    private static final int SITES_MAX = 100_000;

    private final DeliveryPlan plan;
    private final RandomGenerator random;
    private final Router router;
    private final HostFinder finder;
    private final KnownSites sites;

    Directions(DeliveryPlan plan, RandomGenerator random) {
        this(plan, random, new KnownSites());
    }

    private Directions(DeliveryPlan plan, RandomGenerator random, KnownSites sites) {
        this.plan = plan;
        this.random = random;
        this.sites = sites;
        int port = plan.settings().port();
        this.router = new Router(plan.routes(), port, plan.resolver(), plan.ownNode());
        var privateAddresses = new PrivateAddresses(plan.settings().allowPrivate());
        this.finder = new HostFinder(plan.resolver(), plan.ownNode(), privateAddresses, random);
    }

    /// Directions under `newPlan`. Sites stay known where everything that says which next hop they
    /// are is as it was: a reload must not need the DNS to deliver what waits.
    Directions renewed(DeliveryPlan newPlan) {
        return new Directions(newPlan, random, leadsAlike(newPlan) ? sites : new KnownSites());
    }

    private boolean leadsAlike(DeliveryPlan other) {
        return plan.routes().equals(other.routes())
                && plan.settings().port() == other.settings().port()
                && plan.ownNode().equals(other.ownNode())
                && plan.resolver().servers().equals(other.resolver().servers());
    }

    DeliverySettings settings() {
        return plan.settings();
    }

    Sources sources() {
        return plan.sources();
    }

    /// Finds the next hop of `domain`, and remembers its site.
    Resolution resolve(DomainName domain) {
        Resolution resolution = router.resolve(domain);
        if (resolution instanceof Resolution.Found(NextHop nextHop, var _)) {
            sites.add(nextHop);
        }
        return resolution;
    }

    /// What `site` stands for, where that is remembered.
    Optional<NextHop> nextHop(Site site) {
        return sites.nextHop(site);
    }

    HostFinder.Hosts hosts(NextHop nextHop) {
        return finder.find(nextHop, plan.sources());
    }

    /// Sites that mail went to, the latest ones. Thread-safe.
    private static final class KnownSites {
        private final Map<Site, NextHop> sites =
                new LinkedHashMap<>(16, 0.75f, true) {
                    @Override
                    protected boolean removeEldestEntry(Map.Entry<Site, NextHop> eldest) {
                        return size() > SITES_MAX;
                    }
                };

        synchronized void add(NextHop nextHop) {
            sites.put(nextHop.site(), nextHop);
        }

        synchronized Optional<NextHop> nextHop(Site site) {
            return Optional.ofNullable(sites.get(site));
        }
    }
}
