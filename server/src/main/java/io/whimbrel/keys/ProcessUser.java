package io.whimbrel.keys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// As whom this process opens files. Immutable.
///
/// @param uid the effective one
/// @param groups the effective one and the supplementary ones
record ProcessUser(int uid, Set<Integer> groups) {
    static final int ROOT = 0;

    ProcessUser {
        groups = Set.copyOf(groups);
    }

    boolean isRoot() {
        return uid == ROOT;
    }

    /// Whether whoever is `owner` can do to our keys only what they could do anyway. Root, who
    /// looks after the keys of others, believes those whose they are.
    boolean trusts(int owner) {
        return owner == uid || owner == ROOT || isRoot();
    }

    static ProcessUser current() throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/self/status")));
    }

    /// @param status lines as `/proc/PID/status` has them (proc_pid_status(5))
    static ProcessUser parse(List<String> status) throws IOException {
        int uid = -1;
        var groups = new HashSet<Integer>();
        for (String line : status) {
            String[] words = line.strip().split("\\s+");
            switch (words[0]) {
                case "Uid:" -> uid = number(words, 2);
                case "Gid:" -> groups.add(number(words, 2));
                case "Groups:" -> {
                    for (int i = 1; i < words.length; i++) {
                        groups.add(number(words, i));
                    }
                }
                default -> {}
            }
        }
        if (uid < 0) {
            throw new IOException("/proc/self/status does not say whose this process is");
        }
        return new ProcessUser(uid, groups);
    }

    private static int number(String[] words, int index) throws IOException {
        try {
            return Integer.parseUnsignedInt(words[index]);
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IOException("/proc/self/status is not as it should be", e);
        }
    }
}
