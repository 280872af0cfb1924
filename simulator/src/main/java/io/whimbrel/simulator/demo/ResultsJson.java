package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.demo.Results.Row;

import tools.jackson.databind.json.JsonMapper;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Results as one JSON object on one line: `{run, providers, total, tenants, differences}`; times
/// in milliseconds. Stateless.
final class ResultsJson {
    private static final JsonMapper JSON = JsonMapper.shared();

    private ResultsJson() {}

    /// @param run what else is to be said, under `run`
    static String of(Map<String, Object> run, Results results, List<String> differences) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("run", run);
        document.put("providers", results.providers().stream().map(ResultsJson::row).toList());
        document.put("total", row(results.total()));
        document.put("tenants", results.tenants().stream().map(ResultsJson::row).toList());
        document.put("differences", differences);
        return JSON.writeValueAsString(document);
    }

    private static Map<String, Object> row(Row row) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", row.name());
        fields.put("accepted", row.accepted());
        fields.put("delivered", row.delivered());
        fields.put("deferred", row.deferred());
        fields.put("bounced", row.bounced());
        fields.put("queued", row.queued());
        fields.put("time_median_ms", row.waits().median());
        fields.put("time_95_ms", row.waits().percentile95());
        fields.put("time_longest_ms", row.waits().longest());
        fields.put("replies", row.replies());
        return fields;
    }
}
