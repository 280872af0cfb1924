package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dkim.DkimKey;
import io.whimbrel.keys.DnsRecord.Flags;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

class DnsRecordTest {
    private static final KeyName NAME = new KeyName("example.com", "s1");

    @Test
    void rsa_isSplitAt255_andReadsBack() throws IOException {
        SigningKey key = KeyKind.RSA4096.generate();
        DnsRecord record = DnsRecord.of(NAME, key, Flags.NONE);

        assertThat(record.value()).startsWith("v=DKIM1; k=rsa; p=MIICI");
        assertThat(record.strings()).hasSize(3).allMatch(it -> it.length() <= 255);
        assertThat(String.join("", record.strings())).isEqualTo(record.value());
        assertThat(record.zone(3_600))
                .startsWith("s1._domainkey.example.com. 3600 IN TXT (\n    \"v=DKIM1; k=rsa; p=")
                .endsWith("\" )");
        assertThat(joined(record.zone(3_600))).isEqualTo(record.value());
        assertThat(DkimKey.read(record.value()))
                .isInstanceOfSatisfying(
                        DkimKey.Reading.Good.class,
                        good ->
                                assertThat(good.key().key().getEncoded())
                                        .isEqualTo(key.publicKey().getEncoded()));
    }

    /// As a name server reads a zone file.
    private static String joined(String zone) throws IOException {
        var bytes = zone.concat("\n").getBytes(StandardCharsets.US_ASCII);
        try (var master = new Master(new ByteArrayInputStream(bytes), Name.root)) {
            Record record = master.nextRecord();
            assertThat(record.getType()).isEqualTo(Type.TXT);
            assertThat(record.getDClass()).isEqualTo(DClass.IN);
            assertThat(record.getTTL()).isEqualTo(3_600);
            return String.join("", ((TXTRecord) record).getStrings());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "false, false, false, 'v=DKIM1; k=ed25519; p='",
        "true, false, false, 'v=DKIM1; k=ed25519; t=y; p='",
        "false, true, false, 'v=DKIM1; k=ed25519; t=s; p='",
        "true, true, true, 'v=DKIM1; h=sha256; k=ed25519; t=y:s; p='"
    })
    void flags_areWritten_andReadBack(
            boolean isTesting, boolean isStrict, boolean isSha256, String start) {
        SigningKey key = KeyKind.ED25519.generate();
        DnsRecord record = DnsRecord.of(NAME, key, new Flags(isTesting, isStrict, isSha256));

        assertThat(record.value()).startsWith(start).hasSize(start.length() + 44);
        assertThat(DkimKey.read(record.value()))
                .isInstanceOfSatisfying(
                        DkimKey.Reading.Good.class,
                        good -> {
                            assertThat(good.key().isTesting()).isEqualTo(isTesting);
                            assertThat(good.key().isStrict()).isEqualTo(isStrict);
                        });
    }

    @Test
    void revoked_hasNoKey() {
        assertThat(DnsRecord.revoked(NAME).value()).isEqualTo("v=DKIM1; p=");
        assertThat(DnsRecord.revoked(NAME).zone(60))
                .isEqualTo("s1._domainkey.example.com. 60 IN TXT (\n    \"v=DKIM1; p=\" )");
    }
}
