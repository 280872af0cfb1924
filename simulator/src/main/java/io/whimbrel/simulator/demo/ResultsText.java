package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.demo.Results.ReplyCount;
import io.whimbrel.simulator.demo.Results.Row;

import java.util.List;
import java.util.Locale;

/// Results as tables of at most 100 columns. Stateless.
final class ResultsText {
    private static final String COLUMNS = "%-10s %9s %10s %9s %8s %7s   %8s %8s %8s%n";

    private ResultsText() {}

    /// A row for each provider with its top replies below, and one for all together.
    static String byProvider(Results results) {
        var text = new StringBuilder(header("PROVIDER"));
        for (Row row : results.providers()) {
            text.append(row(row));
            for (ReplyCount reply : row.replies()) {
                text.append(
                        String.format(
                                Locale.ROOT, "%10s x %s%n", number(reply.count()), reply.reply()));
            }
        }
        return text.append(row(results.total())).toString();
    }

    /// A row for each tenant.
    static String byTenant(Results results) {
        var text = new StringBuilder(header("TENANT"));
        results.tenants().forEach(row -> text.append(row(row)));
        return text.toString();
    }

    /// What adds up, or what does not.
    static String verdict(Results results, List<String> differences) {
        if (!differences.isEmpty()) {
            return "It does not add up:" + "\n  " + String.join("\n  ", differences);
        }
        Row total = results.total();
        return String.format(
                Locale.ROOT,
                "It adds up: accepted %s = delivered %s + bounced %s + queued %s.%n"
                        + "The senders got as many 250s, the providers counted as many delivered,"
                        + " each of them,%nand the server's queue holds as many.",
                number(total.accepted()),
                number(total.delivered()),
                number(total.bounced()),
                number(total.queued()));
    }

    private static String header(String first) {
        return String.format(
                Locale.ROOT,
                COLUMNS,
                first,
                "ACCEPTED",
                "DELIVERED",
                "DEFERRED",
                "BOUNCED",
                "QUEUED",
                "TIME 50%",
                "95%",
                "LONGEST");
    }

    private static String row(Row row) {
        boolean isTimed = row.delivered() > 0;
        return String.format(
                Locale.ROOT,
                COLUMNS,
                row.name(),
                number(row.accepted()),
                number(row.delivered()),
                number(row.deferred()),
                number(row.bounced()),
                number(row.queued()),
                isTimed ? seconds(row.waits().median()) : "-",
                isTimed ? seconds(row.waits().percentile95()) : "-",
                isTimed ? seconds(row.waits().longest()) : "-");
    }

    static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /// 1234 is `1.23 s`.
    static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.2f s", millis / 1000.0);
    }
}
