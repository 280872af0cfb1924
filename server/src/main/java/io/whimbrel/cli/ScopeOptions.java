package io.whimbrel.cli;

import io.whimbrel.mail.QueueId;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Which queued mail a verb is about: single messages, or all for which the conditions that are
/// given hold. Confined to one thread.
final class ScopeOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    /// The server takes one id in a request; what names several is parted by [#oneByOne].
    private static final String IDS = "ids";

    @Parameters(paramLabel = "ID", arity = "0..*", description = "Messages by queue id.")
    private List<String> ids = List.of();

    @Option(names = "--id", paramLabel = "ID", description = "The same as ID without --id.")
    private List<String> namedIds = List.of();

    @Mixin private MailConditions conditions = new MailConditions();

    /// Puts the conditions into `request`.
    ///
    /// @throws ParameterException where one is no id or no domain
    void addTo(ObjectNode request) {
        Set<String> messages = messages();
        if (messages.size() == 1) {
            request.put("id", messages.iterator().next());
        } else if (!messages.isEmpty()) {
            messages.forEach(request.putArray(IDS)::add);
        }
        conditions.addTo(request);
    }

    /// As [#addTo], for verbs that change the queue: they need a condition, or `--all`.
    void addTo(ObjectNode request, boolean isAll) {
        addTo(request);
        if (isGiven() == isAll) {
            throw Console.usage(
                    spec,
                    isAll
                            ? "--all contradicts a condition: give one or the other"
                            : "Which mail? Give one ID or more, or --domain, --tenant, --campaign"
                                    + " or --older-than (several combine), or --all for the whole"
                                    + " queue");
        }
        if (isAll) {
            request.put("all", true);
        }
    }

    /// Whether there is any condition.
    boolean isGiven() {
        return !ids.isEmpty() || !namedIds.isEmpty() || conditions.isGiven();
    }

    /// `request`, or one like it for each message where it names several.
    static List<ObjectNode> oneByOne(ObjectNode request) {
        if (!(request.path(IDS) instanceof ArrayNode messages)) {
            return List.of(request);
        }
        var requests = new ArrayList<ObjectNode>();
        for (JsonNode id : messages) {
            ObjectNode one = request.deepCopy();
            one.remove(IDS);
            requests.add(one.set("id", id));
        }
        return requests;
    }

    /// Each once, in the order in which they were given.
    private Set<String> messages() {
        var messages = new LinkedHashSet<String>();
        ids.forEach(text -> messages.add(requireId(spec, text)));
        namedIds.forEach(text -> messages.add(requireId(spec, text)));
        return messages;
    }

    static String requireId(CommandSpec spec, String text) {
        return QueueId.parse(text)
                .map(QueueId::toString)
                .orElseThrow(() ->
                        Console.usage(spec, "Not a queue id, which has 13 characters: " + text));
    }
}
