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
    private final Router router;
    private final HostFinder finder;
    private final Map<Site, NextHop> sites =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Site, NextHop> eldest) {
                    return size() > SITES_MAX;
                }
            };

    Directions(DeliveryPlan plan, RandomGenerator random) {
        this.plan = plan;
        int port = plan.settings().port();
        this.router = new Router(plan.routes(), port, plan.resolver(), plan.ownNode());
        var privateAddresses = new PrivateAddresses(plan.settings().allowPrivate());
        this.finder = new HostFinder(plan.resolver(), plan.ownNode(), privateAddresses, random);
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
            synchronized (sites) {
                sites.put(nextHop.site(), nextHop);
            }
        }
        return resolution;
    }

    /// What `site` stands for, where that is remembered.
    Optional<NextHop> nextHop(Site site) {
        synchronized (sites) {
            return Optional.ofNullable(sites.get(site));
        }
    }

    HostFinder.Hosts hosts(NextHop nextHop) {
        return finder.find(nextHop, plan.sources());
    }
}
