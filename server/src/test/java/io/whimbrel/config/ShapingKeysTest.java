package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.Rate;
import io.whimbrel.provider.ShapingSettings;
import io.whimbrel.provider.ShapingSettings.ProviderOverride;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

class ShapingKeysTest {
    private static final String SOURCE =
            ConfigFileTest.LEAST + "[[source]]\nname = \"t1\"\naddress = \"192.0.2.10\"\n";

    @Test
    void nothingWritten_isTheDefault() {
        assertThat(settings(ConfigFileTest.LEAST)).isEqualTo(ShapingSettings.DEFAULT);
    }

    @Test
    void theLimitOfTheIssue_isRead_withItsOrigin() {
        ShapingSettings settings =
                settings(
                        """
                        [[limit]]
                        provider = "google"
                        tenant = "shop"
                        per = ["source"]
                        rate = ["20/s", "10000/h"]
                        connections = 10
                        new-connections = "5/s"
                        messages-per-connection = 100
                        recipients-per-transaction = 50
                        """
                                + ConfigFileTest.LEAST);
        assertThat(settings.limits())
                .containsExactly(
                        new LimitSettings(
                                "w.toml:1",
                                new LimitScope(
                                        Map.of(
                                                Dimension.PROVIDER,
                                                "google",
                                                Dimension.TENANT,
                                                "shop")),
                                Set.of(Dimension.SOURCE),
                                List.of(
                                        new Rate(20, Rate.Window.SECOND),
                                        new Rate(10_000, Rate.Window.HOUR)),
                                OptionalInt.of(10),
                                Optional.of(new Rate(5, Rate.Window.SECOND)),
                                OptionalInt.of(100),
                                OptionalInt.of(50)));
    }

    @Test
    void everyKey_reachesItsRecord() {
        ShapingSettings settings = settings(ConfigFileTest.EVERYTHING);
        assertThat(settings.folder()).contains(Path.of("/etc/whimbrel/providers"));
        assertThat(settings.profile()).isEqualTo("cold");
        assertThat(settings.overrides())
                .containsExactly(new ProviderOverride("google", Optional.of("hot"), false, false));
        assertThat(settings.limits()).hasSize(2);
        assertThat(settings.limits().getFirst().scope().conditions())
                .hasSize(Dimension.values().length)
                .containsEntry(Dimension.DOMAIN, "example.com");
    }

    @Test
    void limitThatSaysNothing_isAnError() {
        assertError("[[limit]]\ntenant = \"shop\"\n", ":8:1: [[limit]] limits nothing");
    }

    @Test
    void perOfWhatIsFixed_isAnError() {
        assertError(
                "[[limit]]\nsource = \"t1\"\nper = [\"source\"]\nconnections = 1\n",
                ":10:1: per: \"source\" has one value only, for source = \"t1\"");
    }

    @Test
    void namesThatNothingHas_areErrors() {
        assertError(
                "[[limit]]\nprovider = \"gogle\"\nconnections = 1\n", "did you mean \"google\"?");
        assertError("[[limit]]\nsource = \"t9\"\nconnections = 1\n", "nothing is called \"t9\"");
        assertError("[[provider]]\nname = \"yahooo\"\n", "did you mean \"yahoo\"?");
        assertError("[[provider]]\nname = \"yahoo\"\n".repeat(2), "stands in the [[provider]]");
    }

    @Test
    void providerOfOwnFolder_isNotLookedFor() {
        assertThat(
                        settings(
                                SOURCE
                                        + "[shaping]\nproviders = \"/etc/x\"\n"
                                        + "[[limit]]\nprovider = \"mine\"\nconnections = 1\n"))
                .isNotNull();
    }

    private static ShapingSettings settings(String text) {
        return switch (ConfigFile.parse("w.toml", text)) {
            case ConfigResult.Valid(var config, _) -> config.shaping();
            case ConfigResult.Invalid(var errors, _) -> throw new AssertionError(errors.toString());
        };
    }

    private static void assertError(String lines, String expected) {
        assertThat(ConfigFile.parse("w.toml", SOURCE + lines))
                .isInstanceOfSatisfying(
                        ConfigResult.Invalid.class,
                        invalid ->
                                assertThat(invalid.errors())
                                        .anySatisfy(error ->
                                                assertThat(error.toString()).contains(expected)));
    }
}
