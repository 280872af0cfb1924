package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

class FileAccessTest {
    private static final Path PATH = Path.of("/etc/whimbrel/s1.pem");
    private static final ProcessUser WHIMBREL = new ProcessUser(998, Set.of(997, 50));
    private static final ProcessUser ROOT = new ProcessUser(0, Set.of(0));

    @ParameterizedTest
    @CsvSource({
        // owner, group, mode of an own file
        "998, 997, 400, true",
        "998, 997, 600, true",
        "998, 997, 440, false",
        "998, 997, 640, false",
        "998, 997, 700, false",
        "998, 997, 404, false",
        "998, 997, 4600, false",
        // of root, which packages install
        "0, 0, 600, true",
        "0, 997, 440, true",
        "0, 50, 640, true",
        "0, 49, 640, false",
        "0, 997, 660, false",
        "0, 997, 644, false",
        "0, 997, 620, false",
        // of somebody else
        "1001, 997, 400, false"
    })
    void key_isRefusedWhereOthersMayReadIt(int owner, int group, String mode, boolean isGood) {
        int type = 0100000;
        var access = new FileAccess(PATH, owner, group, type | Integer.parseInt(mode, 8));
        assertThat(access.complaintAsKey(WHIMBREL).isEmpty()).isEqualTo(isGood);
    }

    @Test
    void complaint_namesFileModeAndRemedy() {
        assertThat(new FileAccess(PATH, 998, 997, 0100644).complaintAsKey(WHIMBREL))
                .contains(
                        "/etc/whimbrel/s1.pem has mode 0644, so others than its owner may use the"
                                + " key; run `chmod 0400 /etc/whimbrel/s1.pem`");
        assertThat(new FileAccess(PATH, 1001, 997, 0100400).complaintAsKey(WHIMBREL))
                .get()
                .asString()
                .contains("belongs to user 1001", "`chown 998 /etc/whimbrel/s1.pem`");
        assertThat(new FileAccess(PATH, 998, 997, 0040700).complaintAsKey(WHIMBREL))
                .get()
                .asString()
                .contains("is no file");
    }

    @Test
    void root_readsTheKeysOfTheServersUser_asTightAsThatOneMust() {
        assertThat(new FileAccess(PATH, 998, 997, 0100400).complaintAsKey(ROOT)).isEmpty();
        assertThat(new FileAccess(PATH, 998, 997, 0100440).complaintAsKey(ROOT)).isPresent();
        assertThat(new FileAccess(PATH, 0, 997, 0100440).complaintAsKey(ROOT)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "998, 997, 700, true",
        "0, 0, 755, true",
        "0, 0, 775, true",
        "0, 50, 775, false",
        "998, 997, 770, false",
        "0, 0, 777, false",
        "0, 0, 1777, true",
        "998, 997, 1777, false",
        "1001, 997, 755, false"
    })
    void folder_isRefusedWhereOthersMayReplaceAFile(
            int owner, int group, String mode, boolean isGood) {
        var access = new FileAccess(PATH, owner, group, 0040000 | Integer.parseInt(mode, 8));
        assertThat(access.complaintAsFolder(WHIMBREL).isEmpty()).isEqualTo(isGood);
    }

    @Test
    void processUser_isReadAsTheKernelWritesIt() throws IOException {
        List<String> status =
                List.of(
                        "Name:\tjava",
                        "Uid:\t1\t998\t1\t1",
                        "Gid:\t1\t997\t1\t1",
                        "Groups:\t50 4 ");
        assertThat(ProcessUser.parse(status)).isEqualTo(new ProcessUser(998, Set.of(997, 50, 4)));
        assertThat(ProcessUser.current().groups()).isNotEmpty();
        assertThatThrownBy(() -> ProcessUser.parse(List.of())).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> ProcessUser.parse(List.of("Uid: x")))
                .isInstanceOf(IOException.class);
    }
}
