package io.whimbrel.delivery;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mime.SevenBitBody;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.signing.Outbound;
import io.whimbrel.signing.Rendition;
import io.whimbrel.signing.Signing;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.SpooledMessage;
import io.whimbrel.token.CampaignBook;
import io.whimbrel.token.CampaignBook.Additions;
import io.whimbrel.wire.Trouble;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/// Makes messages ready to leave: encoded where the host needs that, with what their campaign adds,
/// signed. Thread-safe. Blocks until that is done.
final class Rendering {
    private static final byte[] NOTHING = {};

    private final Signing signing;
    private final Function<SpooledMessage, BodySource> bodies;
    private final Supplier<CampaignBook> campaigns;

    /// What came of it.
    sealed interface Outcome {

        /// @param rendition what was made for it
        record Ready(Leaving leaving, Rendition.Ready rendition) implements Outcome {}

        /// It cannot leave as it should, and so does not.
        record Impossible(SmtpReply reply) implements Outcome {}
    }

    /// @param bodies opens the body of a message
    /// @param campaigns those in force
    Rendering(
            Signing signing,
            Function<SpooledMessage, BodySource> bodies,
            Supplier<CampaignBook> campaigns) {
        this.signing = signing;
        this.campaigns = campaigns;
        this.bodies = bodies;
    }

    /// For one transaction of `entry`.
    ///
    /// @param path where mail goes that is to wait for its turn together
    /// @param isSevenBit the host takes no 8-bit text
    Outcome render(EgressPath path, QueueEntry entry, boolean isSevenBit) {
        SpooledMessage message = entry.message();
        Supplier<BodySource> source = () -> bodies.apply(message);
        boolean isToEncode =
                isSevenBit && message.envelope().parameters().bodyType() == BodyType.EIGHT_BIT_MIME;
        try {
            Optional<SevenBitBody.Converted> converted =
                    isToEncode ? SevenBitBody.of(source) : Optional.empty();
            return render(path, entry, source, converted);
        } catch (IOException e) {
            return new Outcome.Impossible(
                    SmtpReply.of(451, 4, 3, 0, "The body cannot be read: " + Trouble.described(e)));
        }
    }

    private Outcome render(
            EgressPath path,
            QueueEntry entry,
            Supplier<BodySource> source,
            Optional<SevenBitBody.Converted> converted)
            throws IOException {
        SpooledMessage message = entry.message();
        Envelope envelope = message.envelope();
        int first = entry.recipients().get(0);
        Additions additions = campaigns.get().additions(message.id(), envelope, first);
        if (additions.isSingly() && entry.recipients().size() > 1) {
            // It was taken before a reload that wants each by himself.
            return new Outcome.Impossible(
                    SmtpReply.of(451, 4, 3, 0, "The configuration has changed; tried again apart"));
        }
        var outbound =
                new Outbound(
                        message.id(),
                        envelope.stream(),
                        converted.map(SevenBitBody.Converted::size).orElse(message.size()),
                        converted.map(SevenBitBody.Converted::bodies).orElse(source),
                        converted.isPresent(),
                        entry.recipients().size() < envelope.recipients().size(),
                        additions.fields(),
                        additions.isSingly() ? first : Outbound.EVERYBODY);
        return switch (signing.render(outbound, path)) {
            case Rendition.Ready ready ->
                    new Outcome.Ready(
                            new Leaving(
                                    ready.front(),
                                    ready.size(),
                                    outbound.bodies(),
                                    additions.reversePath()),
                            ready);
            case Rendition.Impossible(SmtpReply reply) -> new Outcome.Impossible(reply);
        };
    }

    /// As it is: for what goes nowhere.
    Leaving plain(QueueEntry entry) {
        SpooledMessage message = entry.message();
        return new Leaving(NOTHING, message.size(), () -> bodies.apply(message));
    }

    /// What was made is wanted again where not all were taken.
    void tried(Outcome.Ready ready, List<AttemptResult> results) {
        if (!Results.isAllAccepted(results)) {
            signing.keep(ready.rendition());
        }
    }

    /// It was not tried after all, and will be soon.
    void notTried(Outcome.Ready ready) {
        signing.keep(ready.rendition());
    }
}
