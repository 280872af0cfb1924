package io.whimbrel.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.smtp.SmtpCommand.Auth;
import io.whimbrel.smtp.SmtpCommand.Bdat;
import io.whimbrel.smtp.SmtpCommand.Broken;
import io.whimbrel.smtp.SmtpCommand.Data;
import io.whimbrel.smtp.SmtpCommand.Ehlo;
import io.whimbrel.smtp.SmtpCommand.Helo;
import io.whimbrel.smtp.SmtpCommand.Help;
import io.whimbrel.smtp.SmtpCommand.Lhlo;
import io.whimbrel.smtp.SmtpCommand.Mail;
import io.whimbrel.smtp.SmtpCommand.Noop;
import io.whimbrel.smtp.SmtpCommand.Quit;
import io.whimbrel.smtp.SmtpCommand.Rcpt;
import io.whimbrel.smtp.SmtpCommand.Refused;
import io.whimbrel.smtp.SmtpCommand.Rset;
import io.whimbrel.smtp.SmtpCommand.StartTls;
import io.whimbrel.smtp.SmtpCommand.Vrfy;
import io.whimbrel.smtp.SmtpCommand.Xclient;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

class CommandParserTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "MAIL FROM:<a@b.example>|a@b.example|b.example",
                "MAIL FROM: <a@b.example>  |a@b.example|b.example",
                "mail   from:a@b.example|a@b.example|b.example",
                "MAIL FROM:<@r.example,@s.example:a@b.example>|a@b.example|b.example",
                "MAIL FROM:<@[192.0.2.1]:a@b.example>|a@b.example|b.example",
                "MAIL FROM:<+=!#$%&'*/?^_`{}~.@b.example>|+=!#$%&'*/?^_`{}~.@b.example|b.example",
                "MAIL FROM:<\"a b@c\"@b.example>|\"a b@c\"@b.example|b.example",
                "MAIL FROM:<\"a\\\"b\"@b.example>|\"a\\\"b\"@b.example|b.example",
                "MAIL FROM:<a@[IPv6:::1]>|a@[IPv6:::1]|[IPv6:::1]",
                "MAIL FROM:<a@[192.0.2.1]>|a@[192.0.2.1]|[192.0.2.1]",
                "MAIL FROM:<a>|a|''",
                "MAIL FROM:<>|''|''",
            })
    void path_isReadAsMeant(String line, String address, String domain) {
        assertThat(parse(line)).isEqualTo(new Mail(new SmtpPath(address, domain), List.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RCPT TO:<a@b@c>",
                "RCPT TO:<a b@c>",
                "RCPT TO:<a@b c>",
                "RCPT TO:<a@b",
                "RCPT TO:a@b>",
                "RCPT TO:<<a@b>>",
                "RCPT TO:<a@b>x",
                "RCPT TO:<\"a@b>",
                "RCPT TO:<\"a\\",
                "RCPT TO:<\"a\"b@c>",
                "RCPT TO:<(x)a@b>",
                "RCPT TO:<a@>",
                "RCPT TO:<@b>",
                "RCPT TO:<@b:>",
                "RCPT TO:<@b,@c a@d>",
                "RCPT TO:<>",
                "RCPT TO:",
                "RCPT TO:<a@[192.0.2]>",
                "RCPT TO:<a@[192.0.2.1.1]>",
                "RCPT TO:<a@[192.0.2.256]>",
                "RCPT TO:<a@[IPv6:fe80::1%eth0]>",
                "RCPT TO:<a@[IPv6:1:2]>",
                "RCPT TO:<a@[localhost]>",
                "RCPT TO:<a@[]>",
                "RCPT TO:<a@[1.2.3.4>",
                "RCPT TO:<a@b;c>",
                "RCPT TO:<a\u00a0b@c>",
                "RCPT TO:<a\u202eb@c>"
            })
    void path_thatIsNone_isRefusedWith501(String line) {
        assertThat(parse(line))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> {
                            assertThat(refused.reply().code()).isEqualTo(501);
                            assertThat(refused.reply().status())
                                    .contains(new EnhancedStatus(5, 1, 3));
                            assertThat(refused.reply().text()).hasSizeGreaterThan(25);
                        });
    }

    @Test
    void lengths_areThoseOfRfc5321() {
        String local = "a".repeat(64);
        String domain = ("b".repeat(61) + ".").repeat(3) + "cc";
        assertThat(parse("RCPT TO:<" + local + "@" + domain + ">")).isInstanceOf(Rcpt.class);
        assertThat(parse("RCPT TO:<" + local + "a@b.example>")).isInstanceOf(Refused.class);
        assertThat(parse("RCPT TO:<" + local + "@" + domain + "c>")).isInstanceOf(Rcpt.class);
        assertThat(parse("RCPT TO:<" + local + "@" + domain + "cc>")).isInstanceOf(Refused.class);
        // Two octets each: 33 of them are too many.
        assertThat(parse("RCPT TO:<" + "ö".repeat(32) + "@b>")).isInstanceOf(Rcpt.class);
        assertThat(parse("RCPT TO:<" + "ö".repeat(33) + "@b>")).isInstanceOf(Refused.class);
        assertThat(parse("RCPT TO:<" + "😀".repeat(16) + "@b>")).isInstanceOf(Rcpt.class);
        assertThat(parse("RCPT TO:<" + "😀".repeat(17) + "@b>")).isInstanceOf(Refused.class);
    }

    @Test
    void parameters_areReadInOrder() {
        assertThat(parse("RCPT TO:<a@b> notify=NEVER  Foo"))
                .isEqualTo(
                        new Rcpt(
                                new SmtpPath("a@b", "b"),
                                List.of(
                                        new EsmtpParameter("NOTIFY", "NEVER"),
                                        new EsmtpParameter("FOO", ""))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"=1", "A=", "A=b=c", "-A=1", "A_B=1", "A=\u0085", "ä=1"})
    void parameter_thatIsNone_isRefused(String parameter) {
        assertThat(parse("MAIL FROM:<a@b> " + parameter))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.reply().code()).isEqualTo(501));
    }

    @Test
    void bdat_isReadInAllForms() {
        assertThat(parse("BDAT 10")).isEqualTo(new Bdat(10, false));
        assertThat(parse("bdat 0 last")).isEqualTo(new Bdat(0, true));
        assertThat(parse("BDAT  7   LAST ")).isEqualTo(new Bdat(7, true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "BDAT",
                "BDAT LAST",
                "BDAT -1",
                "BDAT 1 LAS",
                "BDAT 1 LAſT",
                "BDAT 9999999999999999999",
                "BDAT\t9 LAST",
                " BDAT 9 LAST",
                "bdat 9 LAST\u0007",
                "BDAT 9 LAST \u00e4"
            })
    void bdat_withoutSize_breaksTheStream(String line) {
        assertThat(parse(line)).isInstanceOf(Broken.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"NOOP \u0007", "EHLO a\tb", "EHLO a\u007fb"})
    void controlCharacters_areRefused(String line) {
        assertThat(parse(line)).isInstanceOf(Refused.class);
    }

    @Test
    void bdat_withBytesThatAreNoText_breaksTheStream() {
        byte[] line = "BDAT 9 LAST?".getBytes(StandardCharsets.US_ASCII);
        line[line.length - 1] = (byte) 0xff;
        assertThat(CommandParser.parse(line, 0, line.length)).isInstanceOf(Broken.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"QUıT", "RſET", "ﬀ"})
    void verb_isAscii(String line) {
        assertThat(parse(line)).isInstanceOf(Refused.class);
    }

    @FuzzTest(maxDuration = "30s")
    void parse_neverThrows_andAgreesWithRender(byte[] line) {
        check(line);
    }

    @Test
    void parse_ofRandomLines_neverThrows_andAgreesWithRender() {
        long seed = 20261123;
        var random = new Random(seed);
        for (int round = 0; round < 50_000; round++) {
            byte[] line = RandomLines.next(random);
            try {
                check(line);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + ", line " + new String(line, StandardCharsets.UTF_8), e);
            }
        }
    }

    @Test
    void auth_isReadWithAndWithoutResponse() {
        assertThat(parse("auth plain AHgAeQ==  "))
                .isEqualTo(new Auth("PLAIN", Optional.of("AHgAeQ==")));
        assertThat(parse("AUTH SCRAM-SHA-256 ="))
                .isEqualTo(new Auth("SCRAM-SHA-256", Optional.of("=")));
        assertThat(parse("AUTH LOGIN")).isEqualTo(new Auth("LOGIN", Optional.empty()));
        assertThat(parse("AUTH PLAIN AHgAeQ==").toString()).doesNotContain("AHgAeQ");
        for (String line :
                List.of("AUTH", "AUTH PL@IN", "AUTH PLAIN a b", "AUTH " + "A".repeat(21))) {
            assertThat(parse(line)).as(line).isInstanceOf(Refused.class);
        }
    }

    @Test
    void xclient_isReadWithXtextDecoded() {
        assertThat(parse("XCLIENT ADDR=192.0.2.7 name=[UNAVAILABLE] LOGIN=a+2Bb"))
                .isEqualTo(
                        new Xclient(
                                Map.of(
                                        "ADDR", "192.0.2.7",
                                        "NAME", "[UNAVAILABLE]",
                                        "LOGIN", "a+b")));
        for (String line :
                List.of(
                        "XCLIENT",
                        "XCLIENT ADDR",
                        "XCLIENT ADDR=",
                        "XCLIENT FOO=x",
                        "XCLIENT ADDR=1 ADDR=2",
                        "XCLIENT HELO=a+0D+0A",
                        "XCLIENT HELO=+ff",
                        "XCLIENT HELO=a+4")) {
            assertThat(parse(line)).as(line).isInstanceOf(Refused.class);
        }
    }

    private static void check(byte[] line) {
        SmtpCommand command = CommandParser.parse(line, 0, line.length);
        String rendered = render(command);
        if (!rendered.isEmpty()) {
            assertThat(parse(rendered)).isEqualTo(command);
        }
    }

    /// The command in its plainest form; `""` where it has none.
    private static String render(SmtpCommand command) {
        return switch (command) {
            case Ehlo(String name) -> "EHLO " + name;
            case Helo(String name) -> "HELO " + name;
            case Mail(SmtpPath path, var parameters) ->
                    "MAIL FROM:<" + path.address() + ">" + render(parameters);
            case Rcpt(SmtpPath path, var parameters) ->
                    "RCPT TO:<" + path.address() + ">" + render(parameters);
            case Lhlo(String name) -> "LHLO " + name;
            case StartTls() -> "STARTTLS";
            case Auth(String mechanism, var response) ->
                    "AUTH " + mechanism + response.map(it -> " " + it).orElse("");
            case Xclient(var attributes) -> render(attributes);
            case Data() -> "DATA";
            case Bdat(long size, boolean isLast) -> "BDAT " + size + (isLast ? " LAST" : "");
            case Rset() -> "RSET";
            case Noop() -> "NOOP";
            case Vrfy(String name) -> "VRFY " + name;
            case Help() -> "HELP";
            case Quit() -> "QUIT";
            case Refused _, Broken _ -> "";
        };
    }

    private static String render(Map<String, String> attributes) {
        var text = new StringBuilder("XCLIENT");
        attributes.forEach((name, value) -> {
            text.append(' ').append(name).append('=');
            for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
                text.append(String.format("+%02X", b & 0xff));
            }
        });
        return text.toString();
    }

    private static String render(List<EsmtpParameter> parameters) {
        var text = new StringBuilder();
        for (EsmtpParameter parameter : parameters) {
            text.append(' ').append(parameter.keyword());
            if (!parameter.value().isEmpty()) {
                text.append('=').append(parameter.value());
            }
        }
        return text.toString();
    }

    private static SmtpCommand parse(String line) {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        return CommandParser.parse(bytes, 0, bytes.length);
    }
}
