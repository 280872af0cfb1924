package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.LocalDate;
import java.util.Map;

/// A report about the TLS of sessions with a domain's hosts, in JSON (RFC 8460 §4.4). Stateless.
public final class TlsReport {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private TlsReport() {}

    /// Who reports.
    ///
    /// @param organization for people
    /// @param contact an address of mail
    /// @param node our host name
    public record Sender(String organization, String contact, String node) {}

    /// Its `report-id`: the same whenever it is made anew.
    public static String id(Sender sender, DomainName domain, LocalDate day) {
        return day + "_" + domain + "@" + sender.node;
    }

    static String json(
            Sender sender,
            DomainName domain,
            LocalDate day,
            Map<TlsResults.Key, TlsResults.Tally> tallies) {
        ObjectNode root = MAPPER.createObjectNode().put("organization-name", sender.organization);
        root.putObject("date-range")
                .put("start-datetime", day + "T00:00:00Z")
                .put("end-datetime", day + "T23:59:59Z");
        root.put("contact-info", sender.contact).put("report-id", id(sender, domain, day));
        ArrayNode policies = root.putArray("policies");
        tallies.forEach((key, tally) -> policy(policies.addObject(), key, tally));
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static void policy(ObjectNode json, TlsResults.Key key, TlsResults.Tally tally) {
        ObjectNode policy = json.putObject("policy").put("policy-type", key.type());
        if (!key.policy().isEmpty()) {
            key.policy().forEach(policy.putArray("policy-string")::add);
        }
        policy.put("policy-domain", key.domain().value());
        if (!tally.hosts().isEmpty()) {
            tally.hosts().forEach(policy.putArray("mx-host")::add);
        }
        json.putObject("summary")
                .put("total-successful-session-count", tally.succeeded())
                .put("total-failure-session-count", tally.failed());
        if (!tally.failures().isEmpty()) {
            ArrayNode details = json.putArray("failure-details");
            tally.failures()
                    .forEach((failure, count) -> {
                        ObjectNode one =
                                details.addObject().put("result-type", failure.type().text());
                        putUnlessEmpty(one, "sending-mta-ip", failure.sendingIp());
                        putUnlessEmpty(one, "receiving-mx-hostname", failure.mxHost());
                        putUnlessEmpty(one, "receiving-ip", failure.receivingIp());
                        one.put("failed-session-count", count);
                        putUnlessEmpty(one, "failure-reason-code", failure.reason());
                    });
        }
    }

    private static void putUnlessEmpty(ObjectNode json, String field, String value) {
        if (!value.isEmpty()) {
            json.put(field, value);
        }
    }
}
