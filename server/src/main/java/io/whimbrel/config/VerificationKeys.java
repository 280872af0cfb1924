package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.toml.Key;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.verification.VerificationSettings;
import io.whimbrel.verification.VerificationSettings.Check;
import io.whimbrel.verification.VerificationSettings.OnFail;

import java.util.EnumSet;
import java.util.List;

/// The keys of `[[listen]]` about who is to answer for the mail that comes in. Stateless.
final class VerificationKeys {
    static final Key<List<Check>> VERIFY =
            Key.withDefault(
                    "verify",
                    ValueKind.listOf(
                            Kinds.choice(List.of(Check.values())), "checks", Check.values().length),
                    List.of(),
                    RELOAD,
                    "What is checked of each message, and told in an Authentication-Results field:"
                            + " `spf` (RFC 7208), `dkim` (RFC 6376), `dmarc` (RFC 9989), which"
                            + " brings the first two with it, and `arc` (RFC 8617). Fields that"
                            + " pretend to be ours are removed.");

    static final Key<OnFail> ON_SPF_FAIL =
            Key.withDefault(
                    "on-spf-fail",
                    Kinds.choice(List.of(OnFail.values())),
                    OnFail.MARK,
                    RELOAD,
                    "What follows where SPF says `fail`: the field tells it, or the message gets"
                            + " 550 5.7.23; where the DNS fails, 451 4.7.24. Forwarded mail often"
                            + " fails, so `reject` is for listeners that get none.");

    static final Key<OnFail> ON_DMARC_FAIL =
            Key.withDefault(
                    "on-dmarc-fail",
                    Kinds.choice(List.of(OnFail.values())),
                    OnFail.MARK,
                    RELOAD,
                    "What follows where DMARC says `fail` and the author's domain wants such mail"
                        + " refused: the field tells it, or the message gets 550 5.7.26; where the"
                        + " DNS fails, 451 4.7.0; with more than one From field, or one that cannot"
                        + " be judged, 550 5.6.0.");

    /// To be added to those of `[[listen]]`.
    static final List<Key<?>> ALL = List.of(VERIFY, ON_SPF_FAIL, ON_DMARC_FAIL);

    private VerificationKeys() {}

    static VerificationSettings settings(TableValues values) {
        var checks = EnumSet.noneOf(Check.class);
        checks.addAll(values.get(VERIFY));
        return new VerificationSettings(checks, values.get(ON_SPF_FAIL), values.get(ON_DMARC_FAIL));
    }
}
