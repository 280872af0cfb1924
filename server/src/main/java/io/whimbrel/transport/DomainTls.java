package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.TlsRequirement;

import java.util.Optional;

/// What is known of the TLS of a message before a host is chosen. Immutable.
///
/// @param domain of its recipients
/// @param asked by its sender
/// @param rule the operator's for this domain
/// @param sts the domain's own policy; [StsAnswer.None] where nobody needs it
/// @param byDefault what holds where nothing else says anything
public record DomainTls(
        DomainName domain,
        TlsRequirement asked,
        Optional<TlsRule> rule,
        StsAnswer sts,
        TlsLevel byDefault) {}
