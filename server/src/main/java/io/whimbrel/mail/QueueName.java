package io.whimbrel.mail;

/// Which scheduled queue: what one stream (tenant, campaign, class) has for one domain. Immutable.
public record QueueName(MailStream stream, DomainName domain) {}
