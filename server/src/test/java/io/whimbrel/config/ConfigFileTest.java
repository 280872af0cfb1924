package io.whimbrel.config;

import static io.whimbrel.config.AddressFixture.address;
import static io.whimbrel.config.AddressFixture.ip;
import static io.whimbrel.config.AddressFixture.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.budget.MemoryPlan;
import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.dns.DnsSettings;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.eventlog.EventLogSettings;
import io.whimbrel.log.LowWater;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.outcome.ReportSettings;
import io.whimbrel.pickup.PickupSettings;
import io.whimbrel.pickup.SendmailSettings;
import io.whimbrel.reception.ListenSettings;
import io.whimbrel.reception.ListenSettings.Access;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Handling;
import io.whimbrel.reception.SessionLimits;
import io.whimbrel.routing.RouteSettings;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.spool.SpoolSettings;
import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// A file as it is read: its defaults, its warnings, and what is wrong with it as a file. Its texts
/// serve the other tests of this room.
class ConfigFileTest {
    /// The lines that the issue promises to be a correct relay.
    static final String ISSUE = resource("issue.toml");

    static final String LEAST =
            """
            [node]
            name = "mx1.example.com"
            [[listen]]
            address = "127.0.0.1:2525"
            """;

    /// Every key there is, none with its default.
    static final String EVERYTHING = resource("everything.toml");

    @Test
    void theLinesOfTheIssue_areACorrectRelay() {
        Config config = valid(ISSUE);
        assertThat(config.node())
                .isEqualTo(
                        new Config.Node(
                                "mx1.example.com",
                                Path.of("/var/lib/whimbrel"),
                                Duration.ofSeconds(30)));
        assertThat(config.listens())
                .containsExactly(
                        new ListenSettings(
                                "mx1.example.com",
                                Entrance.of(address("127.0.0.1", 2525)),
                                Access.of(List.of(network("127.0.0.0/8"))),
                                Handling.of(new MailStream("shop", "", PriorityClass.NORMAL)),
                                SessionLimits.DEFAULT));
        assertThat(config.sources())
                .containsExactly(
                        new SourceAddress("s1", Optional.of(ip("192.0.2.10")), "s1.example.com"));
        assertThat(config.dns())
                .isEqualTo(
                        new DnsSettings(
                                List.of(address("127.0.0.1", 5353)), Duration.ofSeconds(5)));
        assertThat(config.routes())
                .containsExactly(
                        new RouteSettings(
                                new DomainPattern.Every(),
                                new RouteTarget.Smtp("127.0.0.1", 2526)));
        assertThat(config.delivery()).isEqualTo(DeliverySettings.DEFAULT);
        assertThat(config.retry()).isEqualTo(RetrySchedule.DEFAULT);
        assertThat(warnings(ISSUE)).isEmpty();
    }

    @Test
    void absentTables_haveTheirDefaults() {
        Config config = valid(LEAST);
        assertThat(config.sources())
                .containsExactly(new SourceAddress("", Optional.empty(), "mx1.example.com"));
        assertThat(config.egress().pools()).containsExactly(PoolSettings.ofAll(config.sources()));
        assertThat(config.egress().defaultPool()).isEqualTo("default");
        assertThat(config.dns()).isEqualTo(DnsSettings.DEFAULT);
        assertThat(config.routes()).isEmpty();
        assertThat(config.pickup())
                .isEqualTo(PickupSettings.in(Path.of("/var/lib/whimbrel/pickup")));
        assertThat(config.tlsReport().from()).isEmpty();
        assertThat(config.tlsReport().reversePath().isNull()).isTrue();
        assertThat(config.tlsReport().sender().contact())
                .isEqualTo("postmaster@" + config.node().name());
        assertThat(config.sendmail()).isEqualTo(SendmailSettings.of("mx1.example.com"));
        assertThat(config.delivery()).isEqualTo(DeliverySettings.DEFAULT);
        assertThat(config.schedule()).isEqualTo(ScheduleSettings.DEFAULT);
        assertThat(config.report())
                .isEqualTo(new ReportSettings("mx1.example.com", RetrySchedule.DEFAULT));
        assertThat(config.spool())
                .isEqualTo(
                        new SpoolSettings(
                                Path.of("/var/lib/whimbrel/spool"),
                                64L << 20,
                                Duration.ofMillis(20),
                                LowWater.OF_DISK,
                                4L << 20,
                                128L << 20));
        assertThat(config.memory().budgetBytes()).isEmpty();
        var plan = MemoryPlan.of(config.memory(), 1536L << 20);
        assertThat(config.with(plan).spool().indexMemoryBytes()).isEqualTo(124L << 20);
        assertThat(config.with(plan).schedule().entriesInMemoryMax()).isEqualTo(plan.entriesMax());
        assertThat(config.eventLog())
                .isEqualTo(
                        new EventLogSettings(
                                Path.of("/var/lib/whimbrel/events"), 256L << 20, 10L << 30));
    }

    @Test
    void warnings_nameWhatIsProbablyNotMeant() {
        String text =
                """
                [node]
                name = "mail"
                [[listen]]
                address = "127.0.0.1:25"
                [[listen]]
                address = "127.0.0.1:26"
                relay-from = ["8.0.0.0/8", "10.0.0.0/8", "2600::/16"]
                [[listen]]
                address = "127.0.0.1:587"
                tls = "starttls"
                certificate = "/c"
                key = "/k"
                auth = "required"
                users = "/u"
                """;
        assertThat(warnings(text))
                .containsExactly(
                        "w.toml:2:1: name: \"mail\" has no dot; providers refuse mail from hosts"
                                + " without a name in the public DNS",
                        "w.toml:3:1: relay-from: nobody may relay through this [[listen]]; it takes"
                                + " no mail for other domains",
                        "w.toml:7:1: relay-from: 8.0.0.0/8 is a wide public network; every host in"
                                + " it may send mail to anybody",
                        "w.toml:7:1: relay-from: 2600::/16 is a wide public network; every host in"
                                + " it may send mail to anybody");
    }

    @Test
    void aMisspeltRelayFrom_isNotTakenForNobody() {
        String text =
                """
                [node]
                name = "mx1.example.com"
                [[listen]]
                address = "127.0.0.1:25"
                relay_from = ["10.0.0.0/8"]
                """;
        assertThat(ConfigFile.parse("w.toml", text))
                .isInstanceOfSatisfying(
                        ConfigResult.Invalid.class,
                        invalid -> {
                            assertThat(invalid.errors()).hasSize(1);
                            assertThat(invalid.warnings()).isEmpty();
                        });
    }

    @Test
    void aByteOrderMark_isReadOver(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("mark.toml"), "\ufeff" + ISSUE);
        assertThat(ConfigFile.read(file))
                .isEqualTo(new ConfigResult.Valid(valid(ISSUE), List.of()));
    }

    @Test
    void aFileOnDisk_isRead(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("whimbrel.toml"), ISSUE);
        assertThat(ConfigFile.read(file))
                .isEqualTo(new ConfigResult.Valid(valid(ISSUE), List.of()));
    }

    @Test
    void aMissingFile_isAnError(@TempDir Path folder) {
        Path file = folder.resolve("no.toml");
        assertThat(errorsOf(ConfigFile.read(file)))
                .containsExactly(
                        file
                                + ": there is no such file; `whimbrel config default` prints one to"
                                + " begin with");
    }

    @Test
    void aFolder_isAnError(@TempDir Path folder) {
        assertThat(errorsOf(ConfigFile.read(folder)))
                .containsExactly(folder + ": is a folder; give the file in it");
    }

    @Test
    void aHugeFile_isRefusedBeforeItIsParsed(@TempDir Path folder) throws IOException {
        byte[] bytes = new byte[ConfigFile.BYTES_MAX + 1];
        Path file = Files.write(folder.resolve("big.toml"), bytes);
        assertThat(errorsOf(ConfigFile.read(file))).containsExactly(file + ": is larger than 1MiB");
    }

    @Test
    void otherEncodings_areRefusedAtTheirFirstByte(@TempDir Path folder) throws IOException {
        byte[] bytes = "[node]\n# \u00e4\u00f6".getBytes(StandardCharsets.ISO_8859_1);
        Path file = Files.write(folder.resolve("latin1.toml"), bytes);
        assertThat(errorsOf(ConfigFile.read(file)))
                .containsExactly(file + ":2:3: this byte is not UTF-8, the encoding of TOML files");
    }

    @Test
    void aCharacterCutShortByTheEnd_isRefused(@TempDir Path folder) throws IOException {
        byte[] bytes = {'#', (byte) 0xc3};
        Path file = Files.write(folder.resolve("cut.toml"), bytes);
        assertThat(errorsOf(ConfigFile.read(file)))
                .containsExactly(file + ":1:2: this byte is not UTF-8, the encoding of TOML files");
    }

    static String resource(String name) {
        try (InputStream in = ConfigFileTest.class.getResourceAsStream("/config/" + name)) {
            return new String(
                    Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Config valid(String text) {
        ConfigResult result = ConfigFile.parse("w.toml", text);
        assertThat(result).isInstanceOf(ConfigResult.Valid.class);
        return ((ConfigResult.Valid) result).config();
    }

    static List<String> errorsOf(ConfigResult result) {
        return switch (result) {
            case ConfigResult.Valid _ -> List.of();
            case ConfigResult.Invalid(var errors, _) ->
                    errors.stream().map(ConfigFinding::toString).toList();
        };
    }

    private static List<String> warnings(String text) {
        return switch (ConfigFile.parse("w.toml", text)) {
            case ConfigResult.Valid(_, var warnings) ->
                    warnings.stream().map(ConfigFinding::toString).toList();
            case ConfigResult.Invalid invalid -> errorsOf(invalid);
        };
    }
}
