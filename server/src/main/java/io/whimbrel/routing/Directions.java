package io.whimbrel.routing;

import io.whimbrel.egress.Site;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.DomainName;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Where mail goes under one plan, and which site is which next hop. Thread-safe; blocks while the
/// DNS is asked. A reload makes new directions.
///
/// Remembers [#SITES_MAX] sites; one that is forgotten is found again by the domain of its mail.
public final class Directions {
    private static final int SITES_MAX = 100_000;

    private final RoutingPlan plan;
    private final RandomGenerator random;
    private final Router router;
    private final HostFinder finder;
    private final KnownSites sites;

    public Directions(RoutingPlan plan, RandomGenerator random) {
        this(plan, random, new KnownSites());
    }

    private Directions(RoutingPlan plan, RandomGenerator random, KnownSites sites) {
        this.plan = plan;
        this.random = random;
        this.sites = sites;
        this.router = new Router(plan.routes(), plan.port(), plan.resolver(), plan.ownNode());
        var privateAddresses = new PrivateAddresses(plan.allowPrivate());
        this.finder = new HostFinder(plan.resolver(), plan.ownNode(), privateAddresses, random);
    }

    /// Directions under `newPlan`. Sites stay known where everything that says which next hop they
    /// are is as it was: a reload must not need the DNS to deliver what waits.
    public Directions renewed(RoutingPlan newPlan) {
        return new Directions(newPlan, random, plan.leadsLike(newPlan) ? sites : new KnownSites());
    }

    /// Finds the next hop of `domain`, and remembers its site.
    public Resolution resolve(DomainName domain) {
        Resolution resolution = router.resolve(domain);
        if (resolution instanceof Resolution.Found(NextHop nextHop, var _)) {
            sites.add(nextHop);
        }
        return resolution;
    }

    /// What `site` stands for, where that is remembered.
    public Optional<NextHop> nextHop(Site site) {
        return sites.nextHop(site);
    }

    /// Addresses of `nextHop` that some source reaches, as far as there are any.
    public MailHosts hosts(NextHop nextHop, Sources sources) {
        return finder.find(nextHop, sources);
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
