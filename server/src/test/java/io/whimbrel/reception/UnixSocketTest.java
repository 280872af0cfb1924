package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.socket.ListenSocket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

class UnixSocketTest {
    @TempDir private Path folder;

    private Path file() {
        return folder.resolve("smtp.sock");
    }

    private TestReception start() {
        return TestReception.start(
                new TestListens()
                        .on(UnixDomainSocketAddress.of(file()), 0620)
                        .relayFrom(TestReception.EVERYBODY)
                        .settings());
    }

    private String talk(String commands) throws IOException {
        try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(file()))) {
            channel.write(ByteBuffer.wrap(commands.getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer said = ByteBuffer.allocate(8_192);
            while (channel.read(said) >= 0 && said.hasRemaining()) {
                // Up to the end of the stream.
            }
            return new String(said.array(), 0, said.position(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void mail_isTaken_fromThisMachine() throws IOException {
        try (var reception = start()) {
            String said =
                    talk(
                            """
                            EHLO client.example
                            MAIL FROM:<a@example.com>
                            RCPT TO:<b@example.org>
                            BDAT 3 LAST
                            x
                            QUIT
                            """
                                    .replace("\n", "\r\n"));
            assertThat(said).contains("250 2.0.0 queued as").endsWith("221 2.0.0 Bye\r\n");
            assertThat(reception.onlyMessage().sent()).isEqualTo("x\r\n");
            assertThat(reception.onlyMessage().text())
                    .startsWith("Received: from client.example ([127.0.0.1])\r\n");
        }
    }

    @Test
    void file_hasTheRightsOfTheSettings_andGoesAtTheEnd() throws IOException {
        try (var reception = start()) {
            assertThat(reception.reception.addresses())
                    .containsExactly(UnixDomainSocketAddress.of(file()));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                    .isEqualTo("rw--w----");
        }
        assertThat(file()).doesNotExist();
    }

    @Test
    void staleFile_isReplaced() throws IOException {
        // Closing the channel alone leaves the file, as a killed server does.
        var killed =
                (ListenSocket.Unix) ListenSocket.bind(UnixDomainSocketAddress.of(file()), 0600);
        killed.channel().close();
        assertThat(file()).exists();
        try (var reception = start()) {
            assertThat(talk("QUIT\r\n")).startsWith("220 ").contains("221");
            assertThat(reception.metrics.bugs.get()).isZero();
        }
    }

    @Test
    void socketInUse_isNamedWithTheRemedy_andKept() throws IOException {
        try (var reception = start()) {
            assertThatThrownBy(() -> ListenSocket.bind(UnixDomainSocketAddress.of(file()), 0600))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file().toString())
                    .hasMessageContaining("another program listens there; stop it");
            assertThat(talk("QUIT\r\n")).contains("221");
            assertThat(reception.metrics.bugs.get()).isZero();
        }
    }

    @Test
    void fileThatIsNoSocket_isKept() throws IOException {
        Files.writeString(file(), "precious");
        assertThatThrownBy(() -> ListenSocket.bind(UnixDomainSocketAddress.of(file()), 0600))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no socket; move it away");
        assertThat(file()).hasContent("precious");
    }

    @Test
    void folderThatIsMissing_isNamedWithTheRemedy() {
        var address = UnixDomainSocketAddress.of(folder.resolve("nowhere/smtp.sock"));
        assertThatThrownBy(() -> ListenSocket.bind(address, 0600))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("its folder must be there");
    }
}
