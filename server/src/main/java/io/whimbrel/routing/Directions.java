package io.whimbrel.routing;

import io.whimbrel.egress.Site;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.DomainName;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Where mail goes under one plan, and which site is which next hop. Thread-safe; blocks while the
/// DNS is asked. A reload makes new directions.
///
/// Remembers [#SITES_MAX] sites, and as many domains for a while; one that is forgotten is found
/// again by the domain of its mail.
public final class Directions {
    private static final int SITES_MAX = 100_000;

    /// A question for every message would cost the path of mail more than it is worth.
    static final Duration BELIEVED = Duration.ofSeconds(30);

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
        this.router = new Router(plan);
        this.finder = new HostFinder(plan, random);
    }

    /// The routes, which say by which of them a message goes.
    public RouteTable routes() {
        return plan.routes();
    }

    /// Directions under `newPlan`. Sites stay known where everything that says which next hop they
    /// are is as it was: a reload must not need the DNS to deliver what waits.
    public Directions renewed(RoutingPlan newPlan) {
        return new Directions(newPlan, random, plan.leadsLike(newPlan) ? sites : new KnownSites());
    }

    /// As [#resolve(DomainName, String)], where the domain alone decides.
    public Resolution resolve(DomainName domain) {
        return resolve(domain, RouteTable.BY_DOMAIN);
    }

    /// Finds the next hop of `domain`, and remembers its site.
    ///
    /// @param route as [RouteTable#routeOf] says
    public Resolution resolve(DomainName domain, String route) {
        Resolution resolution = router.resolve(domain, route);
        var errand = new Errand(domain, route);
        switch (resolution) {
            case Resolution.Found(NextHop nextHop, var _) -> {
                sites.add(nextHop);
                sites.forgetDoubt(errand);
            }
            case Resolution.NotFound(SmtpReply reply) -> {
                if (reply.isPermanent()) {
                    sites.doubt(errand);
                }
            }
        }
        return resolution;
    }

    /// As [#heading(DomainName, String, Site, Instant)], where the domain alone decides.
    public Heading heading(DomainName domain, Site site, Instant now) {
        return heading(domain, RouteTable.BY_DOMAIN, site, now);
    }

    /// Whether mail for `domain` goes to `site` still. What is remembered counts for [#BELIEVED];
    /// then the resolver is asked again, which asks the DNS when the answer's time to live is over.
    /// While the DNS fails, a site that is known stays in use.
    ///
    /// @param route as [RouteTable#routeOf] says
    public Heading heading(DomainName domain, String route, Site site, Instant now) {
        var errand = new Errand(domain, route);
        Optional<NextHop> believed = sites.believed(errand, site, now);
        if (believed.isPresent()) {
            return new Heading.Same(believed.get());
        }
        Heading heading =
                switch (resolve(domain, route)) {
                    case Resolution.Found(NextHop nextHop, Duration timeToLive) ->
                            nextHop.site().equals(site)
                                    ? new Heading.Same(nextHop)
                                    : new Heading.Other(nextHop, timeToLive);
                    case Resolution.NotFound(SmtpReply reply) -> {
                        Optional<NextHop> known = sites.nextHop(site);
                        yield reply.isPermanent() || known.isEmpty()
                                ? new Heading.Nowhere(reply)
                                : new Heading.Same(known.get());
                    }
                };
        if (heading instanceof Heading.Same) {
            sites.believe(errand, site, now.plus(BELIEVED));
        }
        return heading;
    }

    /// As [#isDoubtful(DomainName, String)], where the domain alone decides.
    public boolean isDoubtful(DomainName domain) {
        return isDoubtful(domain, RouteTable.BY_DOMAIN);
    }

    /// Whether the last answer about `domain` was that its mail goes nowhere.
    public boolean isDoubtful(DomainName domain, String route) {
        return sites.isDoubtful(new Errand(domain, route));
    }

    /// What `site` stands for, where that is remembered.
    Optional<NextHop> nextHop(Site site) {
        return sites.nextHop(site);
    }

    /// Addresses of `nextHop` that some source reaches, as far as there are any.
    public MailHosts hosts(NextHop.Remote nextHop, Sources sources) {
        return finder.find(nextHop, sources);
    }

    /// Mail for a domain by a route.
    private record Errand(DomainName domain, String route) {}

    /// Sites that mail went to, the latest ones. Thread-safe.
    private static final class KnownSites {
        private final Map<Site, NextHop> sites =
                new LinkedHashMap<>(16, 0.75f, true) {
                    @Override
                    protected boolean removeEldestEntry(Map.Entry<Site, NextHop> eldest) {
                        return size() > SITES_MAX;
                    }
                };

        private final Map<Errand, Belief> beliefs =
                new LinkedHashMap<>() {
                    @Override
                    protected boolean removeEldestEntry(Map.Entry<Errand, Belief> eldest) {
                        return size() > SITES_MAX;
                    }
                };

        /// That the mail of an errand goes to `site`; nowhere, where that is empty.
        private record Belief(Optional<Site> site, Instant until) {}

        synchronized void doubt(Errand errand) {
            beliefs.put(errand, new Belief(Optional.empty(), Instant.MIN));
        }

        synchronized void forgetDoubt(Errand errand) {
            if (isDoubtful(errand)) {
                beliefs.remove(errand);
            }
        }

        synchronized boolean isDoubtful(Errand errand) {
            Belief belief = beliefs.get(errand);
            return belief != null && belief.site().isEmpty();
        }

        synchronized void believe(Errand errand, Site site, Instant until) {
            beliefs.put(errand, new Belief(Optional.of(site), until));
        }

        synchronized Optional<NextHop> believed(Errand errand, Site site, Instant now) {
            Belief belief = beliefs.get(errand);
            return belief != null
                            && belief.site().equals(Optional.of(site))
                            && now.isBefore(belief.until())
                    ? nextHop(site)
                    : Optional.empty();
        }

        synchronized void add(NextHop nextHop) {
            sites.put(nextHop.site(), nextHop);
        }

        synchronized Optional<NextHop> nextHop(Site site) {
            return Optional.ofNullable(sites.get(site));
        }
    }
}
