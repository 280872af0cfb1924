package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

final class SiteNameTest {

    @ParameterizedTest
    @CsvSource({
        "mx.example.net, mx.example.net",
        "a.example.net b.example.net, (a|b).example.net",
        "mx1.a.net mx2.b.net, (mx1.a|mx2.b).net",
        "a.net b.org, (a.net|b.org)",
        "x.net mail.x.net, (x|mail.x).net",
        "ab.x.net b.x.net, (ab|b).x.net",
        "gmail-smtp-in.l.google.com alt1.gmail-smtp-in.l.google.com,"
                + " (gmail-smtp-in|alt1.gmail-smtp-in).l.google.com"
    })
    void hosts_shareTheirEnding(String hosts, String name) {
        assertThat(SiteName.of(List.of(hosts.split(" ")))).isEqualTo(name);
    }

    @Test
    void manyHosts_giveABoundedName() {
        List<String> hosts = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            hosts.add("mx" + i + ".example.net");
        }

        assertThat(SiteName.of(hosts)).hasSizeLessThan(270);
    }

    @Test
    void differentHosts_giveDifferentNames() {
        Map<String, List<String>> seen = new HashMap<>();
        var random = new Random(7);
        String[] labels = {"a", "b", "ab", "mx"};
        for (int i = 0; i < 5_000; i++) {
            List<String> hosts = new ArrayList<>();
            for (int h = 1 + random.nextInt(3); h > 0; h--) {
                var host = new StringBuilder(labels[random.nextInt(4)]);
                for (int l = random.nextInt(3); l > 0; l--) {
                    host.append('.').append(labels[random.nextInt(4)]);
                }
                hosts.add(host.toString());
            }
            List<String> before = seen.put(SiteName.of(hosts), hosts);
            assertThat(before == null ? hosts : before).isEqualTo(hosts);
        }
    }
}
