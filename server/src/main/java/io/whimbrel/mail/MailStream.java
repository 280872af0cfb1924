package io.whimbrel.mail;

/// Whose mail a message is, for fairness, limits and reports. Immutable.
///
/// @param tenant the sender's account; `""` where the listener names none
/// @param campaign one mailing of the tenant; `""` where none is named
/// @param priority how urgent
public record MailStream(String tenant, String campaign, PriorityClass priority) {

    public static final MailStream NONE = new MailStream("", "", PriorityClass.NORMAL);
}
