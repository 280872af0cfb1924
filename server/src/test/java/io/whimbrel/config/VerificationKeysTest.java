package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.Findings.Place;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.verification.VerificationSettings;
import io.whimbrel.verification.VerificationSettings.Check;
import io.whimbrel.verification.VerificationSettings.OnFail;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

class VerificationKeysTest {
    private static final TableSpec TABLE =
            TableSpec.one("listen", "A listener.", VerificationKeys.ALL);

    private final TableValues values = new TableValues(TABLE, new Place(1, 1));

    @Test
    void nothingWritten_nothingIsChecked() {
        assertThat(VerificationKeys.settings(values)).isEqualTo(VerificationSettings.NONE);
        assertThat(VerificationSettings.NONE.isActive()).isFalse();
    }

    @Test
    void dmarc_bringsSpfAndDkim() {
        values.addGood(VerificationKeys.VERIFY, List.of(Check.DMARC));
        values.addGood(VerificationKeys.ON_DMARC_FAIL, OnFail.REJECT);

        assertThat(VerificationKeys.settings(values))
                .isEqualTo(
                        new VerificationSettings(
                                Set.of(Check.SPF, Check.DKIM, Check.DMARC),
                                OnFail.MARK,
                                OnFail.REJECT));
    }
}
