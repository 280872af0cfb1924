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
        switch (resolution) {
            case Resolution.Found(NextHop nextHop, var _) -> {
                sites.add(nextHop);
                sites.forgetDoubt(domain);
            }
            case Resolution.NotFound(SmtpReply reply) -> {
                if (reply.isPermanent()) {
                    sites.doubt(domain);
                }
            }
        }
        return resolution;
    }

    /// Whether mail for `domain` goes to `site` still. What is remembered counts for [#BELIEVED];
    /// then the resolver is asked again, which asks the DNS when the answer's time to live is over.
    /// While the DNS fails, a site that is known stays in use.
    public Heading heading(DomainName domain, Site site, Instant now) {
        Optional<NextHop> believed = sites.believed(domain, site, now);
        if (believed.isPresent()) {
            return new Heading.Same(believed.get());
        }
        Heading heading =
                switch (resolve(domain)) {
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
            sites.believe(domain, site, now.plus(BELIEVED));
        }
        return heading;
    }

    /// Whether the last answer about `domain` was that its mail goes nowhere.
    public boolean isDoubtful(DomainName domain) {
        return sites.isDoubtful(domain);
    }

    /// What `site` stands for, where that is remembered.
    Optional<NextHop> nextHop(Site site) {
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

        private final Map<DomainName, Belief> beliefs =
                new LinkedHashMap<>() {
                    @Override
                    protected boolean removeEldestEntry(Map.Entry<DomainName, Belief> eldest) {
                        return size() > SITES_MAX;
                    }
                };

        /// That the mail of a domain goes to `site`; nowhere, where that is empty.
        private record Belief(Optional<Site> site, Instant until) {}

        synchronized void doubt(DomainName domain) {
            beliefs.put(domain, new Belief(Optional.empty(), Instant.MIN));
        }

        synchronized void forgetDoubt(DomainName domain) {
            if (isDoubtful(domain)) {
                beliefs.remove(domain);
            }
        }

        synchronized boolean isDoubtful(DomainName domain) {
            Belief belief = beliefs.get(domain);
            return belief != null && belief.site().isEmpty();
        }

        synchronized void believe(DomainName domain, Site site, Instant until) {
            beliefs.put(domain, new Belief(Optional.of(site), until));
        }

        synchronized Optional<NextHop> believed(DomainName domain, Site site, Instant now) {
            Belief belief = beliefs.get(domain);
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
