package io.whimbrel.keys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// Who may do what to a file or folder. Immutable.
///
/// @param mode type and permissions, `st_mode` of stat(2)
record FileAccess(Path path, int owner, int group, int mode) {
    private static final int TYPE = 0170000;
    private static final int TYPE_FILE = 0100000;
    private static final int PERMISSIONS = 07777;
    private static final int STICKY = 01000;
    private static final int OWNER_READS_AND_WRITES = 0600;
    private static final int GROUP_READS_TOO = 0640;
    private static final int OTHERS_WRITE = 0002;
    private static final int GROUP_WRITES = 0020;

    /// Behind a symbolic link, what it leads to.
    static FileAccess of(Path path) throws IOException {
        Map<String, Object> all;
        try {
            all = Files.readAttributes(path, "unix:uid,gid,mode");
        } catch (NoSuchFileException _) {
            throw new IOException(path + " does not exist; correct the path");
        }
        if (all.get("uid") instanceof Integer owner
                && all.get("gid") instanceof Integer group
                && all.get("mode") instanceof Integer mode) {
            return new FileAccess(path, owner, group, mode);
        }
        throw new IOException(path + ": the file system does not say whose it is");
    }

    /// Why this is no file to keep a private key in: 0400 and 0600 are good, and 0440 and 0640 for
    /// root's files of a group of `user`.
    Optional<String> complaintAsKey(ProcessUser user) {
        if ((mode & TYPE) != TYPE_FILE) {
            return Optional.of(path + " is no file; name the file of the key");
        }
        if (!user.trusts(owner)) {
            return Optional.of(
                    path
                            + " belongs to user "
                            + owner
                            + ", who is neither whimbrel's ("
                            + user.uid()
                            + ") nor root; run `chown "
                            + user.uid()
                            + " "
                            + path
                            + "`");
        }
        int permissions = mode & PERMISSIONS;
        boolean isOfOwnGroup =
                owner == ProcessUser.ROOT && (user.isRoot() || user.groups().contains(group));
        int allowed = isOfOwnGroup ? GROUP_READS_TOO : OWNER_READS_AND_WRITES;
        return (permissions & ~allowed) == 0
                ? Optional.empty()
                : Optional.of(
                        path
                                + " has mode 0"
                                + Integer.toOctalString(permissions)
                                + ", so others than its owner may use the key; run `chmod 0400 "
                                + path
                                + "`");
    }

    /// Why whoever is not trusted could put another file into this folder. A sticky folder of root
    /// is as good as one that only root writes to, for what lies in it cannot be replaced.
    Optional<String> complaintAsFolder(ProcessUser user) {
        if (!user.trusts(owner)) {
            return Optional.of(
                    path
                            + " belongs to user "
                            + owner
                            + ", who could replace the keys below it; run `chown root "
                            + path
                            + "`");
        }
        boolean isGroupOfRoot = group == ProcessUser.ROOT;
        boolean mayOthersWrite =
                (mode & OTHERS_WRITE) != 0 || ((mode & GROUP_WRITES) != 0 && !isGroupOfRoot);
        boolean isSticky = (mode & STICKY) != 0 && owner == ProcessUser.ROOT;
        return mayOthersWrite && !isSticky
                ? Optional.of(
                        path
                                + " has mode 0"
                                + Integer.toOctalString(mode & PERMISSIONS)
                                + ", so others than its owner may replace the keys below it; run"
                                + " `chmod go-w "
                                + path
                                + "`")
                : Optional.empty();
    }
}
