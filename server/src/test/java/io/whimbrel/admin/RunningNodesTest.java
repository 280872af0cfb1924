package io.whimbrel.admin;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;

final class RunningNodesTest {
    private static final String TABLE =
            """
            Num       RefCount Protocol Flags    Type St Inode Path
            0000000000000000: 00000002 00000000 00010000 0001 01 10 /var/lib/old mail/.admin/s
            0000000000000000: 00000003 00000000 00000000 0001 03 11 /var/lib/idle/.admin/s
            0000000000000000: 00000002 00000000 00010000 0001 01 12 /run/other.sock
            0000000000000000: 00000002 00000000 00010000 0001 01 13 /var/lib/new/.admin/s
            0000000000000000: 00000002 00000000 00010000 0001 01 14
            """;

    private boolean answer = true;

    @Test
    void hint_namesTheSocketsOfOtherNodes() throws IOException {
        assertThat(hint("/var/lib/new/admin.sock", TABLE))
                .isEqualTo("; running nodes: /var/lib/old mail/admin.sock");
        assertThat(hint("/x/admin.sock", TABLE))
                .endsWith(": /var/lib/new/admin.sock, /var/lib/old mail/admin.sock");
    }

    @Test
    void hint_leavesOutWhoDoesNotAnswer() throws IOException {
        answer = false;
        assertThat(hint("/x/admin.sock", TABLE)).isEmpty();
    }

    @Test
    void hint_whereNobodyListens_isEmpty() throws IOException {
        assertThat(hint("/x/admin.sock", "")).isEmpty();
        assertThat(hint("/x/admin.sock", TABLE.lines().findFirst().orElseThrow())).isEmpty();
    }

    private String hint(String socket, String table) throws IOException {
        var lines = new BufferedReader(new StringReader(table));
        return RunningNodes.hint(Path.of(socket), lines, _ -> answer);
    }
}
