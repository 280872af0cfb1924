package io.whimbrel.verification;

import io.whimbrel.mail.IpText;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.verification.DmarcVerdict.DmarcPolicy;
import io.whimbrel.verification.VerificationSettings.OnFail;

import java.net.InetAddress;
import java.util.Optional;

/// What a failed check is answered with, where policy wants that (RFC 7372, RFC 7489 §10.3). Pure.
final class Refusal {
    private static final int EXPLANATION_MAX = 150;

    private Refusal() {}

    static Optional<SmtpReply> of(SpfVerdict spf, OnFail onFail, InetAddress client) {
        if (onFail != OnFail.REJECT) {
            return Optional.empty();
        }
        return switch (spf.result()) {
            case FAIL -> {
                String text = spf.explanation();
                String cut = text.substring(0, Math.min(EXPLANATION_MAX, text.length()));
                String who = spf.isHelo() ? "this HELO name" : "the domain of this sender";
                yield Optional.of(
                        SmtpReply.of(
                                550,
                                5,
                                7,
                                23,
                                "SPF: "
                                        + who
                                        + " does not allow "
                                        + IpText.of(client)
                                        + (cut.isEmpty() ? "" : "; it explains: " + cut)));
            }
            case TEMPERROR ->
                    Optional.of(
                            SmtpReply.of(451, 4, 7, 24, "SPF: the DNS failed, try again later"));
            case NONE, NEUTRAL, PASS, SOFTFAIL, PERMERROR -> Optional.empty();
        };
    }

    static Optional<SmtpReply> of(DmarcVerdict dmarc, OnFail onFail) {
        if (onFail != OnFail.REJECT) {
            return Optional.empty();
        }
        return switch (dmarc.result()) {
            case FAIL ->
                    dmarc.policy() == DmarcPolicy.REJECT
                            ? Optional.of(
                                    SmtpReply.of(
                                            550,
                                            5,
                                            7,
                                            26,
                                            "DMARC: neither SPF nor DKIM passed for "
                                                    + dmarc.authorDomain()
                                                    + ", which wants such mail refused"))
                            : Optional.empty();
            case TEMPERROR ->
                    Optional.of(
                            SmtpReply.of(451, 4, 7, 0, "DMARC: the DNS failed, try again later"));
            case PERMERROR -> ofUnreadable(dmarc.fromFields());
            case NONE, PASS -> Optional.empty();
        };
    }

    /// Where the author cannot be told. A message without From shows nobody, and passes.
    private static Optional<SmtpReply> ofUnreadable(int fromFields) {
        if (fromFields == 0) {
            return Optional.empty();
        }
        // Two fields would show one author and be judged by another, and a field that shows
        // readers somebody but cannot be judged would get around every policy.
        String text =
                fromFields > 1
                        ? "More than one From field"
                        : "DMARC: the From field has no author domain, too many, or one that"
                                + " cannot be read";
        return Optional.of(SmtpReply.of(550, 5, 6, 0, text));
    }
}
