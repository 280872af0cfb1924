package io.whimbrel.simulator;

/// What the large providers say when they refuse, word for word as far as it is published, so that
/// rules which recognise them can be tried here.
final class ProviderReplies {
    static final Reply UNKNOWN_USER =
            Reply.of(550, "5.1.1", "<{recipient}>: Recipient address rejected: User unknown");
    static final Reply MAILBOX_FULL =
            Reply.of(452, "4.2.2", "<{recipient}>: The recipient's mailbox is full");
    static final Reply GREYLISTED =
            Reply.of(451, "4.7.1", "Greylisting in action, please come back later");
    static final Reply BAD_REPUTATION =
            Reply.of(
                    554,
                    "",
                    "IP={ip} - None/bad reputation. Ask your postmaster for help or to contact"
                            + " <postmaster@refusing.example> for reset. (NOWL)");

    static final Reply GMAIL_RATE =
            Reply.of(
                    421,
                    "4.7.28",
                    "Gmail has detected an unusual rate of mail originating from your IP",
                    "address [{ip}]. To protect our users from spam, mail sent from your IP",
                    "address has been temporarily rate limited. For more information, go to",
                    " https://support.google.com/mail/?p=UnsolicitedRateLimitError {token} -"
                            + " gsmtp");
    static final Reply GMAIL_BUSY =
            Reply.of(421, "4.7.0", "Try again later, closing connection. (EHLO) {token} - gsmtp");
    static final Reply GMAIL_UNKNOWN =
            Reply.of(
                    550,
                    "5.1.1",
                    "The email account that you tried to reach does not exist. Please try",
                    "double-checking the recipient's email address for typos or",
                    "unnecessary spaces. For more information, go to",
                    " https://support.google.com/mail/?p=NoSuchUser {token} - gsmtp");
    static final Reply GMAIL_FULL =
            Reply.of(
                    452,
                    "4.2.2",
                    "The recipient's inbox is out of storage space. Please direct the",
                    "recipient to",
                    " https://support.google.com/mail/?p=OverQuotaTemp {token} - gsmtp");
    static final Reply GMAIL_RECEIVING =
            Reply.of(
                    450,
                    "4.2.1",
                    "The user you are trying to contact is receiving mail too quickly.",
                    "Please resend your message at a later time. If the user is able to",
                    "receive mail at that time, your message will be delivered. For more",
                    "information, go to",
                    " https://support.google.com/mail/?p=ReceivingRate {token} - gsmtp");

    static final Reply OUTLOOK_CONNECTIONS =
            Reply.of(
                    451,
                    "4.7.652",
                    "The mail server [{ip}] has exceeded the maximum number of connections."
                            + " (S3115)");
    static final Reply OUTLOOK_RATE =
            Reply.of(
                    451,
                    "4.7.650",
                    "The mail server [{ip}] has been temporarily rate limited due to IP"
                            + " reputation. For e-mail delivery information, see"
                            + " https://postmaster.live.com (S775)");
    static final Reply OUTLOOK_UNKNOWN =
            Reply.of(550, "5.5.0", "Requested action not taken: mailbox unavailable");

    static final Reply YAHOO_RATE =
            Reply.of(
                    421,
                    "4.7.0",
                    "[TSS04] Messages from {ip} temporarily deferred due to unexpected volume or"
                            + " user complaints - 4.16.55.1; see"
                            + " https://postmaster.yahooinc.com/error-codes");
    static final Reply YAHOO_PER_CONNECTION =
            Reply.of(421, "", "Max message per connection reached, closing transmission channel");
    static final Reply YAHOO_UNKNOWN =
            Reply.of(552, "", "1 Requested mail action aborted, mailbox not found");
    static final Reply YAHOO_DISABLED =
            Reply.of(
                    554,
                    "",
                    "30 Sorry, your message to {recipient} cannot be delivered. This mailbox is"
                            + " disabled (554.30).");

    static final Reply APPLE_CONNECTIONS =
            Reply.of(451, "4.7.1", "Service unavailable - try again later");
    static final Reply APPLE_RATE =
            Reply.of(421, "4.7.1", "Messages to {recipient} deferred due to excessive volume");
    static final Reply APPLE_UNKNOWN = Reply.of(550, "5.1.1", "<{recipient}>: user does not exist");
    static final Reply APPLE_FULL = Reply.of(552, "5.2.2", "<{recipient}>: user is over quota");

    static final Reply OFFICE_BUSY =
            Reply.of(451, "4.7.500", "Server busy. Please try again later from [{ip}]. (S77714)");
    static final Reply OFFICE_UNKNOWN =
            Reply.of(
                    550,
                    "5.1.10",
                    "RESOLVER.ADR.RecipientNotFound; Recipient {recipient} not found by SMTP"
                            + " address lookup");

    static final Reply COMCAST_SESSIONS =
            Reply.of(
                    421,
                    "4.7.0",
                    "resimta-po-40v.sys.comcast.net comcast Too many sessions opened");
    static final Reply COMCAST_RATE =
            Reply.of(
                    421,
                    "4.1.0",
                    "{ip} Throttled - try again later. Please see"
                            + " http://postmaster.comcast.net/smtp-error-codes.php#RL000002");
    static final Reply COMCAST_UNKNOWN = Reply.of(550, "5.1.1", "<{recipient}> Not our Customer");

    static final Reply GMX_CONNECTIONS =
            Reply.of(
                    421,
                    "",
                    "gmx.net (mxgmx117) Nemesis ESMTP Service not available",
                    "Service unavailable",
                    "Too many connections",
                    "For explanation visit"
                            + " https://postmaster.gmx.net/en/case?c=r0301&i=ip&v={ip}&r=0M1");
    static final Reply GMX_RATE =
            Reply.of(
                    450,
                    "",
                    "Requested mail action not taken: mailbox unavailable",
                    "Reject due to policy restrictions.",
                    "For explanation visit"
                            + " https://postmaster.gmx.net/en/case?c=r0202&i=ip&v={ip}");
    static final Reply GMX_UNKNOWN =
            Reply.of(
                    550,
                    "",
                    "Requested action not taken: mailbox unavailable",
                    "For explanation visit https://postmaster.gmx.net/en/case?c=r0201");
    static final Reply GMX_FULL =
            Reply.of(
                    552,
                    "",
                    "Requested mail action aborted: exceeded storage allocation",
                    "For explanation visit https://postmaster.gmx.net/en/case?c=quota");

    private ProviderReplies() {}
}
