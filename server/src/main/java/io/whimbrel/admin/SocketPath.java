package io.whimbrel.admin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Where a node's admin socket is. Stateless.
public final class SocketPath {
    private static final String FILE_NAME = "admin.sock";

    /// `sun_path` of Linux has 108 bytes with its final NUL; unix(7).
    private static final int BYTES_MAX = 107;

    private SocketPath() {}

    /// The socket in data folder `data`.
    public static Path in(Path data) {
        return data.resolve(FILE_NAME);
    }

    /// Where a socket is made before it is moved to `socket` with its mode; the kernel knows it by
    /// this name for good.
    static Path cradle(Path socket) {
        return cradleFolder(socket).resolve("s");
    }

    static Path cradleFolder(Path socket) {
        return socket.resolveSibling(".admin");
    }

    /// @throws IOException where no UNIX socket can have this path
    static void requireShort(Path path) throws IOException {
        int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > BYTES_MAX) {
            throw new IOException(
                    path
                            + " is "
                            + bytes
                            + " bytes long, but the path of a UNIX socket has at most "
                            + BYTES_MAX
                            + ": set node.data to a shorter folder");
        }
    }
}
