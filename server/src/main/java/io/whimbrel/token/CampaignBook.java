package io.whimbrel.token;

import io.whimbrel.mail.AddedField;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// All [CampaignRule], and what they make of a message. Immutable. The first rule that is for a
/// message counts.
public final class CampaignBook {
    private static final byte[] ONE_CLICK =
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                    .getBytes(StandardCharsets.US_ASCII);
    private static final String UNSUBSCRIBE = "list-unsubscribe";

    private final List<CampaignRule> rules;
    private final TokenKeys keys;

    /// What a message gets.
    ///
    /// @param fields that stand in front of it
    /// @param reversePath in place of its own; empty: its own
    /// @param isSingly it is for one recipient alone
    public record Additions(
            List<AddedField> fields, Optional<String> reversePath, boolean isSingly) {
        static final Additions NONE = new Additions(List.of(), Optional.empty(), false);
    }

    public CampaignBook(List<CampaignRule> rules, TokenKeys keys) {
        this.rules = List.copyOf(rules);
        this.keys = keys;
    }

    /// Whether mail of `stream` goes to one recipient at a time.
    public boolean isSingly(MailStream stream) {
        return find(stream).filter(CampaignRule::isSingly).isPresent();
    }

    private Optional<CampaignRule> find(MailStream stream) {
        for (CampaignRule rule : rules) {
            if (rule.isFor(stream)) {
                return Optional.of(rule);
            }
        }
        return Optional.empty();
    }

    /// For one transaction.
    ///
    /// @param number of its recipient; of the first, where there are several
    public Additions additions(QueueId id, Envelope envelope, int number) {
        Optional<CampaignRule> found = find(envelope.stream());
        // Reports are ours, and go to the null reverse-path (RFC 5321 §4.5.5).
        if (found.isEmpty() || envelope.reversePath().address().isEmpty()) {
            return Additions.NONE;
        }
        CampaignRule rule = found.get();
        MailStream stream = envelope.stream();
        var values =
                new TemplateValues(
                        keys,
                        id,
                        number,
                        envelope.recipients().get(number).path().address(),
                        stream.tenant(),
                        stream.campaign(),
                        envelope.treatment().metadata(),
                        envelope.receivedAt());
        return new Additions(
                fields(rule, values),
                rule.verp().flatMap(verp -> verp.render(values)),
                rule.isSingly());
    }

    private static List<AddedField> fields(CampaignRule rule, TemplateValues values) {
        List<AddedField> fields = new ArrayList<>(4);
        rule.feedbackId()
                .flatMap(template -> template.render(values))
                .ifPresent(text -> fields.add(field("feedback-id", text)));
        Optional<String> unsubscribe =
                rule.listUnsubscribe().flatMap(template -> template.render(values));
        if (unsubscribe.isPresent()) {
            fields.add(field(UNSUBSCRIBE, unsubscribe.get()));
            if (rule.isOneClick()) {
                // Where the sender has a way of his own, he says himself whether one click does.
                fields.add(new AddedField(UNSUBSCRIBE, ONE_CLICK));
            }
        }
        String token = rule.hasToken() ? values.token() : "";
        if (!token.isEmpty()) {
            fields.add(field("", CampaignRule.TOKEN_FIELD + ": " + token + "\r\n"));
        }
        return List.copyOf(fields);
    }

    private static AddedField field(String unless, String text) {
        return new AddedField(unless, text.getBytes(StandardCharsets.US_ASCII));
    }
}
