package io.whimbrel.admin;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.provider.ProviderFile;
import io.whimbrel.routing.Directions;
import io.whimbrel.routing.NextHop;
import io.whimbrel.routing.Resolution;
import io.whimbrel.routing.TargetHost;
import io.whimbrel.schedule.Micros;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitView;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.toml.NearestName;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.TlsLevel;
import io.whimbrel.transport.TlsPolicy;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What holds for mail of a domain: where it goes, by which sources, within which limits, over
/// which TLS, and which line of which file says so. As JSON, for a running node and for a file
/// alike. Asks the DNS, unless the MX hosts are given. Stateless.
public final class Explanation {
    private static final int SMTP_PORT = 25;

    private Explanation() {}

    /// Which mail is meant. Immutable.
    ///
    /// @param source that it leaves from; empty: each of the pool
    /// @param pool that it leaves by; empty: that of its tenant
    /// @param mxHosts of the domain; the DNS is asked where there are none
    public record Asked(
            DomainName domain,
            Optional<String> source,
            Optional<String> pool,
            String tenant,
            String campaign,
            List<String> mxHosts) {

        /// As the DNS says.
        Asked(
                DomainName domain,
                Optional<String> source,
                Optional<String> pool,
                String tenant,
                String campaign) {
            this(domain, source, pool, tenant, campaign, List.of());
        }
    }

    /// Where it goes, as far as that matters here.
    private record Way(
            String site,
            String provider,
            List<TargetHost> hosts,
            NamedBy namedBy,
            String tls,
            boolean learnsSecret,
            String trouble) {

        static Way toNobody(String site, NamedBy namedBy, String trouble) {
            return new Way(site, "", List.of(), namedBy, "", false, trouble);
        }
    }

    /// Which name the configuration does not know; empty where all is well.
    public static Optional<String> problem(Asked asked, EgressSight sight) {
        Optional<String> pool =
                asked.pool.flatMap(name -> unknown("pool", name, sight.pools().names()));
        var sources = new LinkedHashSet<String>();
        sight.pools().sources().all().forEach(source -> sources.add(source.name()));
        return pool.or(() -> asked.source.flatMap(name -> unknown("source", name, sources)));
    }

    private static Optional<String> unknown(String kind, String name, Set<String> known) {
        return known.contains(name)
                ? Optional.empty()
                : Optional.of(
                        "no "
                                + kind
                                + " is called \""
                                + name
                                + "\""
                                + NearestName.of(name, known)
                                        .map(it -> "; did you mean \"" + it + "\"?")
                                        .orElse(""));
    }

    public static ObjectNode of(Asked asked, EgressSight sight, Instant now) {
        String wanted = asked.pool.orElseGet(() -> sight.poolOf().apply(asked.tenant));
        var stream = new MailStream(asked.tenant, asked.campaign, PriorityClass.NORMAL, wanted);
        Destination destination = sight.destinations().of(stream, asked.domain);
        Way way = asked.mxHosts.isEmpty() ? resolve(destination, sight) : given(asked, sight);
        ObjectNode line = Json.object().put("domain", asked.domain.value());
        if (!destination.route().isEmpty()) {
            line.put("route", destination.route());
        }
        if (!way.trouble.isEmpty()) {
            line.put("trouble", way.trouble);
        }
        List<String> names = way.hosts.stream().map(TargetHost::name).toList();
        line.put("site", way.site)
                .put("provider", way.provider)
                .put(
                        "recognised_by",
                        way.provider.isEmpty()
                                ? ""
                                : sight.providers()
                                        .sign(names, asked.domain.value(), way.provider));
        names.forEach(line.putArray("hosts")::add);
        line.put("pool", destination.pool());
        line.put("site_connections_max", sight.siteConnectionsMax());
        List<SourceAddress> sources = sources(asked, destination.pool(), sight);
        addSources(line.putArray("sources"), destination.pool(), sources, sight);
        addTls(line, asked.domain, way, sight);
        var flow =
                new Flow(
                        "",
                        destination.pool(),
                        way.provider,
                        way.site,
                        asked.domain.value(),
                        asked.tenant,
                        asked.campaign,
                        "");
        addLimits(line.putArray("limits"), flow, sources, sight, now);
        ArrayNode rules = line.putArray("rules");
        for (ReactionRule rule : rules(way.provider, sight)) {
            rules.addObject().put("rule", rule.name()).put("written_in", rule.origin());
        }
        return line;
    }

    private static Way resolve(Destination destination, EgressSight sight) {
        var directions = new Directions(sight.routing(), new SecureRandom());
        return switch (directions.resolve(destination.domain(), destination.route())) {
            case Resolution.Found(NextHop nextHop, var _) ->
                    switch (nextHop) {
                        case NextHop.Remote remote ->
                                new Way(
                                        remote.site().name(),
                                        remote.site().provider(),
                                        remote.hosts(),
                                        NamedBy.of(remote.isRoute(), remote.terms().areNamesSure()),
                                        remote.terms().tls(),
                                        learnsSecret(remote),
                                        "");
                        case NextHop.LocalSocket _,
                                NextHop.Http _,
                                NextHop.Discard _,
                                NextHop.Refuse _ ->
                                Way.toNobody(nextHop.site().name(), NamedBy.OPERATOR, "");
                    };
            case Resolution.NotFound(SmtpReply reply) ->
                    Way.toNobody("", NamedBy.MX, reply.toString());
        };
    }

    /// Whether we log in at a host that is not near: as [HostPlace#learnsSecret] has it, as far as
    /// names tell.
    private static boolean learnsSecret(NextHop.Remote remote) {
        boolean isByLogin =
                remote.terms().credentials().filter(it -> !it.mayGoInPlainText()).isPresent();
        return isByLogin && remote.hosts().stream().noneMatch(host -> isNear(host.name()));
    }

    private static boolean isNear(String host) {
        return host.equals("localhost")
                || Network.parseAddress(host).filter(it -> HostPlace.isNear(it, true)).isPresent();
    }

    private static Way given(Asked asked, EgressSight sight) {
        String provider = sight.providers().of(asked.mxHosts, asked.domain.value(), List::of);
        List<TargetHost> hosts =
                asked.mxHosts.stream().map(host -> new TargetHost(0, host, SMTP_PORT)).toList();
        return new Way(String.join("|", asked.mxHosts), provider, hosts, NamedBy.MX, "", false, "");
    }

    private static List<SourceAddress> sources(Asked asked, String pool, EgressSight sight) {
        var sources = new ArrayList<SourceAddress>();
        sight.pools()
                .settings(pool)
                .ifPresent(settings ->
                        settings.members()
                                .forEach(member ->
                                        sight.pools()
                                                .sources()
                                                .named(member.source())
                                                .ifPresent(sources::add)));
        return asked.source
                .map(name -> sight.pools().sources().named(name).stream().toList())
                .orElse(sources);
    }

    private static void addSources(
            ArrayNode array, String pool, List<SourceAddress> sources, EgressSight sight) {
        List<PoolSettings.Member> members =
                sight.pools().settings(pool).map(PoolSettings::members).orElse(List.of());
        for (SourceAddress source : sources) {
            ObjectNode node = array.addObject().put("source", source.name());
            source.seenAs().ifPresent(address -> node.put("address", IpText.of(address)));
            node.put("profile", source.profile());
            members.stream()
                    .filter(member -> member.source().equals(source.name()))
                    .findFirst()
                    .ifPresent(member ->
                            node.put("weight", member.weight()).put("backup", member.isBackup()));
            node.put("state", sight.pools().sources().trouble(source).orElse("usable"));
        }
    }

    private static void addTls(ObjectNode line, DomainName domain, Way way, EgressSight sight) {
        if (way.hosts.isEmpty()) {
            return;
        }
        ObjectNode node = line.putObject("tls");
        TargetHost host = way.hosts.getFirst();
        var place =
                new HostPlace(
                        host.name(),
                        host.port(),
                        way.namedBy,
                        TlsLevel.parse(way.tls),
                        way.learnsSecret);
        TlsPolicy policy = sight.tls().of(domain, way.provider, place);
        node.put("host", host.name())
                .put("policy", policy.text())
                .put("said_by", way.tls.isEmpty() ? policy.saidBy() : "the route");
        if (policy.demand() instanceof TlsPolicy.Demand.Impossible(var why)) {
            node.put("trouble", why.text());
        }
    }

    private static void addLimits(
            ArrayNode array,
            Flow flow,
            List<SourceAddress> sources,
            EgressSight sight,
            Instant now) {
        long nowMicros = Micros.of(now);
        var views = new LinkedHashSet<LimitView>();
        for (SourceAddress source : sources) {
            Flow from = flow.from(source.name(), source.profile());
            views.addAll(sight.limiter().explain(from, nowMicros));
        }
        for (LimitView view : views) {
            ObjectNode node = array.addObject().put("limit", view.text());
            node.put("written_in", view.origin()).put("used", view.used());
            if (view.most() != Long.MAX_VALUE) {
                node.put("most", view.most());
            }
            if (view.freeAtMicros() > nowMicros && view.freeAtMicros() != Long.MAX_VALUE) {
                node.put("free_in_ms", (view.freeAtMicros() - nowMicros) / 1000 + 1);
            }
        }
    }

    /// Those of the provider, then those of all, as they are tried.
    private static List<ReactionRule> rules(String provider, EgressSight sight) {
        var rules = new ArrayList<ReactionRule>(sight.providers().ownRules(provider));
        String all = ProviderFile.DEFAULT;
        if (!provider.equals(all)) {
            rules.addAll(sight.providers().ownRules(all));
        }
        return rules;
    }
}
