package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.time.WallLead;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/// [Quotas], [QuotaClaim] and what of them outlives a process.
@Timeout(60)
final class QuotasTest {
    private static final TenantSettings SHOP =
            Policies.withQuotas(
                    "shop",
                    Policies.rates("100/d", "20/h"),
                    Policies.rates("5/min"),
                    Policies.rates("1000/h"));

    @TempDir private Path folder = Path.of("");

    private final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-11-27T15:00:10Z"));
    private final AtomicReference<Instant> wall = new AtomicReference<>(now.get());
    private final DoorMetrics metrics = Policies.metrics();
    private final Quotas quotas = new Quotas(now::get, metrics);

    private void pass(Duration time) {
        now.updateAndGet(it -> it.plus(time));
        wall.updateAndGet(it -> it.plus(time));
    }

    private boolean send() {
        QuotaClaim claim = quotas.claim(SHOP);
        boolean isTaken = claim.message(0).isEmpty();
        claim.keep();
        return isTaken;
    }

    @Test
    void messagesBeyondTheQuota_areToldWhenThereIsRoom() {
        for (int i = 0; i < 20; i++) {
            assertThat(send()).isTrue();
        }
        pass(Duration.ofMinutes(48));

        assertThat(quotas.claim(SHOP).message(0).orElseThrow())
                .hasToString(
                        "451 4.7.1 Quota of tenant shop is used up: 20 messages an hour; try again"
                                + " in 13m (at 16:00:36Z)");
        assertThat(metrics.refusals(Reason.QUOTA_MESSAGES)).isEqualTo(1);
        now.set(Instant.parse("2026-11-27T16:00:36Z"));
        assertThat(send()).isTrue();
    }

    @Test
    void everyQuotaOfATenantHolds() {
        int taken = 0;
        for (int minute = 0; minute < 23 * 60; minute++) {
            taken += send() ? 1 : 0;
            pass(Duration.ofMinutes(1));
        }
        assertThat(taken).isEqualTo(100);
    }

    @Test
    void recipientsBeyondTheQuota_areRefusedOneByOne() {
        QuotaClaim claim = quotas.claim(SHOP);
        for (int i = 0; i < 5; i++) {
            assertThat(claim.recipient()).isEmpty();
        }
        assertThat(claim.recipient().orElseThrow().toString())
                .startsWith("452 4.5.3 Quota of tenant shop is used up: 5 recipients a minute;");
    }

    @Test
    void aRefusedMessage_countsNothing() {
        QuotaClaim claim = quotas.claim(SHOP);
        claim.message(700);
        claim.recipient();
        claim.recipient();

        claim.giveBack();

        assertThat(quotas.views(new Tenants(List.of(SHOP)))).allMatch(view -> view.used() == 0);
    }

    @Test
    void giveBackAfterKeep_changesNothing() {
        QuotaClaim claim = quotas.claim(SHOP);
        claim.message(700);
        claim.keep();

        claim.giveBack();

        assertThat(quotas.views(new Tenants(List.of(SHOP))))
                .extracting(QuotaView::used)
                .containsExactly(1L, 1L, 0L, 700L);
    }

    @Test
    void aTransactionThatOutlivesTheWindow_givesBackNothingOfOthers() {
        QuotaClaim slow = quotas.claim(SHOP);
        slow.recipient();
        pass(Duration.ofMinutes(2));
        QuotaClaim other = quotas.claim(SHOP);
        for (int i = 0; i < 5; i++) {
            other.recipient();
        }

        slow.giveBack();

        assertThat(other.recipient()).isPresent();
    }

    @Test
    void declaredSize_isCorrectedByWhatCame() {
        QuotaClaim claim = quotas.claim(SHOP);
        assertThat(claim.message(900)).isEmpty();
        assertThat(quotas.claim(SHOP).message(200)).isPresent();
        assertThat(claim.body(300)).isEmpty();
        claim.keep();
        QuotaClaim second = quotas.claim(SHOP);
        assertThat(second.message(0)).isEmpty();
        assertThat(second.body(701).orElseThrow().toString()).startsWith("451 4.7.1 ");
        assertThat(second.body(700)).isEmpty();
        second.keep();
        assertThat(quotas.views(new Tenants(List.of(SHOP))).getLast().used()).isEqualTo(1_000);
    }

    @Test
    void aMessageRefusedForItsSize_isNoMessage() {
        assertThat(quotas.claim(SHOP).message(1_001).orElseThrow())
                .hasToString(
                        "552 5.3.4 A message of this size exceeds the quota of tenant shop: 1000"
                                + " bytes an hour");
        assertThat(quotas.views(new Tenants(List.of(SHOP)))).allMatch(view -> view.used() == 0);
    }

    @Test
    void tenantsWithoutQuotas_areNotCounted() {
        QuotaClaim claim = quotas.claim(TenantSettings.withoutRules("other"));
        assertThat(claim.message(Long.MAX_VALUE)).isEmpty();
        assertThat(claim.recipient()).isEmpty();
        claim.giveBack();
        assertThat(quotas.kept()).isEmpty();
        assertThat(quotas.changes()).isZero();
    }

    @Test
    void manyThreads_neverTakeMoreThanTheQuota() throws InterruptedException {
        TenantSettings tenant =
                Policies.withQuotas("many", Policies.rates("1000/h"), List.of(), List.of());
        var kept = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            int number = i;
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                for (int j = 0; j < 100; j++) {
                                    QuotaClaim claim = quotas.claim(tenant);
                                    boolean isTaken = claim.message(0).isEmpty();
                                    if (isTaken && (j + number) % 3 == 0) {
                                        claim.giveBack();
                                    } else if (isTaken) {
                                        claim.keep();
                                        kept.incrementAndGet();
                                    }
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(kept).hasValueLessThanOrEqualTo(1_000).hasValueGreaterThan(900);
        assertThat(quotas.views(new Tenants(List.of(tenant))).getFirst().used())
                .isEqualTo(kept.get());
    }

    @Test
    void aChangedLimit_forgetsNothing() {
        for (int i = 0; i < 20; i++) {
            send();
        }
        TenantSettings changed =
                Policies.withQuotas("shop", Policies.rates("21/h"), List.of(), List.of());
        QuotaClaim claim = quotas.claim(changed);
        assertThat(claim.message(0)).isEmpty();
        assertThat(claim.message(0)).isPresent();
    }

    @Test
    void tenantsThatAreGone_areForgotten() {
        send();
        quotas.keepOnly(Tenants.NONE);
        assertThat(quotas.kept()).isEmpty();
    }

    @Test
    void restart_goesOnWithWhatWasUsed() {
        var file = file(quotas);
        for (int i = 0; i < 20; i++) {
            send();
        }
        file.close();
        pass(Duration.ofMinutes(10));
        var after = new Quotas(now::get, metrics);

        file(after).close();

        assertThat(after.views(new Tenants(List.of(SHOP))))
                .extracting(QuotaView::used)
                .containsExactly(20L, 20L, 0L, 0L);
        assertThat(after.claim(SHOP).message(0)).isPresent();
        pass(Duration.ofMinutes(51));
        assertThat(after.claim(SHOP).message(0)).isEmpty();
    }

    private QuotasFile file(Quotas kept) {
        return new QuotasFile(folder, kept, new WallLead(now::get, wall::get), new Metrics());
    }

    /// The next process begins with the wall clock as it is then.
    @Test
    void restart_afterTheWallClockWasSetForward_goesOnWithWhatWasUsed() {
        var file = file(quotas);
        for (int i = 0; i < 20; i++) {
            send();
        }
        wall.set(wall.get().plus(Duration.ofHours(5)));
        file.close();
        now.set(wall.get());
        var after = new Quotas(now::get, metrics);

        file(after).close();

        assertThat(after.views(new Tenants(List.of(SHOP))))
                .extracting(QuotaView::used)
                .containsExactly(20L, 20L, 0L, 0L);
        assertThat(after.claim(SHOP).message(0)).isPresent();
    }

    @Test
    void whatIsWritten_isReadable() throws IOException {
        var file = file(quotas);
        send();
        file.writeIfChanged();
        assertThat(folder.resolve(QuotasFile.NAME))
                .content()
                .startsWith("{\"version\":1,\"quotas\":[{\"tenant\":\"shop\",\"of\":\"messages\",")
                .contains("\"window\":\"h\",\"newest\":")
                .endsWith(",\"counts\":[1]}]}");
        file.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"version\":2,\"quotas\":[]}",
                "{\"version\":1}",
                "{\"version\":1,\"quotas\":[{}]}",
                "{\"version\":1,\"quotas\":[{%s\"of\":\"x\",\"window\":\"h\"}]}",
                "{\"version\":1,\"quotas\":[{%s\"of\":\"messages\",\"window\":\"y\"}]}",
                "{\"version\":1,\"quotas\":[{%s%s\"newest\":-1,\"counts\":[]}]}",
                "{\"version\":1,\"quotas\":[{%s%s\"newest\":1}]}",
                "{\"version\":1,\"quotas\":[{%s%s\"newest\":1,\"counts\":[0.5]}]}",
                "{\"version\":1,\"quotas\":[{%s%s\"newest\":1,\"counts\":[9223372036854775807]}]}"
            })
    void aDamagedFile_isAsGoodAsNone(String pattern) throws IOException {
        String content =
                pattern.formatted("\"tenant\":\"a\",", "\"of\":\"messages\",\"window\":\"h\",");
        Files.createDirectories(folder.resolve("state"));
        Files.writeString(folder.resolve(QuotasFile.NAME), content);

        var file = file(quotas);

        assertThat(quotas.kept()).isEmpty();
        assertThat(send()).isTrue();
        file.close();
        var after = new Quotas(now::get, metrics);
        file(after).close();
        assertThat(after.kept()).hasSize(2);
    }
}
