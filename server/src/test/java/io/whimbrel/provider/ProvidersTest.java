package io.whimbrel.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.provider.ProviderFolders.Loaded;
import io.whimbrel.provider.ShapingSettings.ProviderOverride;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

class ProvidersTest {
    private static List<InetAddress> notAsked() {
        throw new AssertionError("nobody needs addresses");
    }

    private final Providers shipped = ShippedFilesTest.providers();

    @Test
    void of_mxHost_isItsProvider_byTheLongestEnding() {
        assertThat(of("gmail-smtp-in.l.google.com")).isEqualTo("google");
        assertThat(of("ALT1.ASPMX.L.GOOGLE.COM.")).isEqualTo("google");
        assertThat(of("contoso-com.mail.protection.outlook.com")).isEqualTo("microsoft-365");
        assertThat(of("outlook-com.olc.protection.outlook.com")).isEqualTo("microsoft-consumer");
        assertThat(of("mta7.am0.yahoodns.net")).isEqualTo("yahoo");
        assertThat(of("mx1.mail.yahoo.co.jp")).isEqualTo("yahoo-japan");
        assertThat(shipped.sign(List.of("ASPMX.L.GOOGLE.COM."), "a.test", "google"))
                .isEqualTo("its MX host aspmx.l.google.com");
        assertThat(shipped.sign(List.of("mx.test"), "a.test", "default")).isEmpty();
    }

    @Test
    void of_hostThatOnlyLooksAlike_isDefault() {
        assertThat(of("mx.notgoogle.com")).isEqualTo("default");
        assertThat(of("google.com.example.net")).isEqualTo("default");
        assertThat(shipped.of(List.of(), "example.com", List::of)).isEqualTo("default");
    }

    @Test
    void of_severalHosts_isTheirProvider_whereAllAreOfOne() {
        List<String> google = List.of("aspmx.l.google.com", "alt1.aspmx.l.google.com.");
        assertThat(shipped.of(google, "example.com", List::of)).isEqualTo("google");
        assertThat(shipped.sign(google, "example.com", "google"))
                .isEqualTo("all of its MX hosts, as aspmx.l.google.com");
    }

    @Test
    void of_strangersWithAHostOfAProvider_isDefault() {
        List<String> stranger = List.of("mx.evil.example", "mta5.am0.yahoodns.net");
        List<String> ownAndBackup = List.of("mx.example.com", "aspmx.l.google.com");
        List<String> two = List.of("mx1.mail.icloud.com", "aspmx.l.google.com");
        for (List<String> hosts : List.of(stranger, stranger.reversed(), ownAndBackup, two)) {
            assertThat(shipped.of(hosts, "evil.example", List::of)).isEqualTo("default");
            assertThat(shipped.sign(hosts, "evil.example", "default")).isEmpty();
        }
        assertThat(shipped.of(stranger, "yahoo.com", List::of)).isEqualTo("yahoo");
    }

    @Test
    void of_hostsThatAreNowhere_doNotCount() {
        List<String> proved = List.of("a.mail.protection.outlook.com", "ms1234.msv1.invalid");
        assertThat(shipped.of(proved, "a.example", List::of)).isEqualTo("microsoft-365");
        assertThat(shipped.of(List.of("ms1234.msv1.invalid"), "a.example", List::of))
                .isEqualTo("default");
    }

    @Test
    void of_domain_isAskedAfterHosts_andAddressAtLast() throws IOException {
        String text =
                """
                [provider]
                name = "t"
                title = "T"
                [[match]]
                mx = "mx.example.org"
                domain = "example.net"
                [[match]]
                address = ["192.0.2.0/24", "2001:db8::/32"]
                """;
        var providers = new Providers(List.of(file("t", text)), List.of());
        assertThat(providers.of(List.of("mx.example.org"), "x.test", ProvidersTest::notAsked))
                .isEqualTo("t");
        assertThat(providers.of(List.of("mx.x.test"), "Example.NET", ProvidersTest::notAsked))
                .isEqualTo("t");
        assertThat(providers.of(List.of("a.mx.example.org"), "x.test", addresses("198.51.100.1")))
                .isEqualTo("default");
        assertThat(providers.of(List.of("m.x.test"), "x.test", addresses("2001:db8::5")))
                .isEqualTo("t");
        assertThat(providers.of(List.of("m.x.test"), "x.test", addresses("192.0.2.9")))
                .isEqualTo("t");
        assertThat(providers.of(List.of("m.x.test"), "x.test", List::of)).isEqualTo("default");
        for (String other : List.of("198.51.100.1", "2001:db9::1")) {
            assertThat(providers.of(List.of("m.x.test"), "x.test", addresses("192.0.2.9", other)))
                    .isEqualTo("default");
        }
        assertThat(providers.of(List.of("m.x.test"), "x.test", addresses("192.0.2.9", "192.0.2.8")))
                .isEqualTo("t");
    }

    @Test
    void of_addressOfAFamilyThatItsFileDoesNotName_saysNothing() throws IOException {
        String text =
                """
                [provider]
                name = "t"
                title = "T"
                [[match]]
                address = ["192.0.2.0/24"]
                """;
        var providers = new Providers(List.of(file("t", text)), List.of());

        assertThat(
                        providers.of(
                                List.of("m.x.test"),
                                "x.test",
                                addresses("2001:db8::5", "192.0.2.9")))
                .isEqualTo("t");
        assertThat(providers.of(List.of("m.x.test"), "x.test", addresses("2001:db8::5")))
                .isEqualTo("default");
    }

    @Test
    void limits_areOfTheirProvider_andOfOneProfile() {
        assertThat(shipped.limits("google"))
                .allSatisfy(limit -> {
                    assertThat(limit.scope().conditions())
                            .containsEntry(Dimension.PROVIDER, "google");
                    assertThat(limit.per()).isEqualTo(Set.of(Dimension.SOURCE));
                })
                .anySatisfy(limit ->
                        assertThat(limit.scope().conditions())
                                .containsEntry(Dimension.PROFILE, "cold"));
        assertThat(shipped.limits()).containsAll(shipped.limits("google"));
    }

    @Test
    void limits_ofFileWithoutAny_areThoseOfDefault_forItsMail() {
        List<LimitSettings> limits = shipped.limits("free");
        assertThat(limits)
                .isNotEmpty()
                .allSatisfy(limit -> {
                    assertThat(limit.scope().conditions())
                            .containsEntry(Dimension.PROVIDER, "free");
                    assertThat(limit.per()).isEqualTo(Set.of(Dimension.SOURCE, Dimension.SITE));
                    assertThat(limit.origin()).startsWith("providers/default.toml:");
                });
    }

    @Test
    void override_ofProfile_holdsForAllSources() {
        Providers providers = with(new ProviderOverride("google", Optional.of("hot"), true, true));
        assertThat(providers.limits("google"))
                .hasSize(2)
                .noneSatisfy(limit ->
                        assertThat(limit.scope().conditions()).containsKey(Dimension.PROFILE))
                .anySatisfy(limit -> assertThat(limit.connections()).hasValue(200));
    }

    @Test
    void override_leavesOutLimitsOrRules() {
        Providers providers = with(new ProviderOverride("google", Optional.empty(), false, false));
        assertThat(providers.limits("google")).isEmpty();
        assertThat(providers.ownRules("google")).isEmpty();
        assertThat(providers.rules("google")).isEqualTo(providers.rules("default"));
        assertThat(providers.limits("yahoo")).isNotEmpty();
    }

    @Test
    void rules_areThoseOfTheProvider_thenOfDefault() {
        assertThat(shipped.rules("yahoo").rules())
                .startsWith(shipped.ownRules("yahoo").getFirst())
                .endsWith(shipped.ownRules("default").getLast());
        assertThat(shipped.rules("nobody")).isEqualTo(shipped.rules("default"));
    }

    @Test
    void folder_replacesOurFileOfTheSameName(@TempDir Path folder) throws IOException {
        Files.writeString(
                folder.resolve("google.toml"),
                """
                [provider]
                name = "google"
                title = "Mine"
                [[match]]
                mx = "*.google.com"
                """);
        Files.writeString(folder.resolve("notes.txt"), "no provider file");
        Providers providers = ((Loaded.Good) ProviderFolders.load(in(folder))).providers();
        assertThat(providers.file("google").orElseThrow().title()).isEqualTo("Mine");
        assertThat(providers.file("yahoo")).isPresent();
    }

    @Test
    void folder_withBadFile_saysFileLineAndColumn(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("x.toml"), "[provider]\nname = \"y\"\ntitle = \"X\"\n");
        assertThat(((Loaded.Bad) ProviderFolders.load(in(folder))).errors())
                .singleElement()
                .hasToString(folder + "/x.toml:2:1: name: the file must be called y.toml");
    }

    @Test
    void folder_thatIsAbsent_isAnError(@TempDir Path folder) {
        assertThat(((Loaded.Bad) ProviderFolders.load(in(folder.resolve("none")))).errors())
                .singleElement()
                .asString()
                .contains("none", "cannot be read");
    }

    private static ShapingSettings in(Path folder) {
        return new ShapingSettings(Optional.of(folder), "warm", List.of(), List.of());
    }

    private static Providers with(ProviderOverride override) {
        var settings = new ShapingSettings(Optional.empty(), "warm", List.of(override), List.of());
        return ((Loaded.Good) ProviderFolders.load(settings)).providers();
    }

    private String of(String mx) {
        return shipped.of(List.of(mx), "example.com", ProvidersTest::notAsked);
    }

    private static Supplier<List<InetAddress>> addresses(String... texts) {
        return () -> Stream.of(texts).map(InetAddress::ofLiteral).toList();
    }

    static ProviderFile file(String name, String text) {
        return switch (ProviderText.parse(name + ".toml", Optional.of(name), text)) {
            case ProviderText.Parsed.Good(ProviderFile file) -> file;
            case ProviderText.Parsed.Bad(var errors) -> throw new AssertionError(errors.toString());
        };
    }
}
