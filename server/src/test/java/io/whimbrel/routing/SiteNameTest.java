package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.MxAnswer.MxHost;

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
        assertThat(SiteName.of(inOrder(List.of(hosts.split(" "))))).isEqualTo(name);
    }

    /// RFC 5321 §5.1: else the mail of one domain would go to what is the backup of the other.
    @ParameterizedTest
    @CsvSource({
        "10 20, (mx1|mx2).x.net",
        "1 2, (mx1|mx2).x.net",
        "10 10, (mx1+mx2).x.net",
        "10 10 20, (mx1+mx2|mx3).x.net",
        "10 20 20, (mx1|mx2+mx3).x.net"
    })
    void hostsThatAreEquallyGood_areToldFromThoseInOrder(String preferences, String name) {
        List<MxHost> hosts = new ArrayList<>();
        for (String preference : preferences.split(" ")) {
            int number = hosts.size() + 1;
            hosts.add(new MxHost(Integer.parseInt(preference), "mx" + number + ".x.net"));
        }

        assertThat(SiteName.of(hosts)).isEqualTo(name);
    }

    /// "Aa" and "BB" have one hash code.
    @Test
    void longNamesOfOneHashCode_areTwo() {
        List<String> one = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            one.add("mx" + i + ".example.net");
        }
        List<String> other = new ArrayList<>(one);
        one.add("mxAa.example.net");
        other.add("mxBB.example.net");

        assertThat(SiteName.of(inOrder(one)))
                .isNotEqualTo(SiteName.of(inOrder(other)))
                .matches(".*~[0-9a-f]{32}");
    }

    private static List<MxHost> inOrder(List<String> names) {
        List<MxHost> hosts = new ArrayList<>();
        names.forEach(name -> hosts.add(new MxHost(hosts.size(), name)));
        return hosts;
    }

    @Test
    void manyHosts_giveABoundedName() {
        List<String> hosts = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            hosts.add("mx" + i + ".example.net");
        }

        assertThat(SiteName.of(inOrder(hosts))).hasSize(SiteName.LENGTH_MAX);
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
            List<String> before = seen.put(SiteName.of(inOrder(hosts)), hosts);
            assertThat(before == null ? hosts : before).isEqualTo(hosts);
        }
    }
}
