package io.whimbrel.policy;

import io.whimbrel.mail.Rate;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.policy.TenantSettings.TenantQuotas;

import java.util.List;

/// What a quota counts.
public enum QuotaKind {
    MESSAGES,
    RECIPIENTS,
    BYTES;

    /// As people say it.
    public String noun() {
        return switch (this) {
            case MESSAGES -> "messages";
            case RECIPIENTS -> "recipients";
            case BYTES -> "bytes";
        };
    }

    List<Rate> of(TenantQuotas quotas) {
        return switch (this) {
            case MESSAGES -> quotas.messages();
            case RECIPIENTS -> quotas.recipients();
            case BYTES -> quotas.bytes();
        };
    }

    Reason reason() {
        return switch (this) {
            case MESSAGES -> Reason.QUOTA_MESSAGES;
            case RECIPIENTS -> Reason.QUOTA_RECIPIENTS;
            case BYTES -> Reason.QUOTA_BYTES;
        };
    }
}
