package io.whimbrel.auth;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The users of a file as it is now. Thread-safe.
final class Users {
    private final WatchedFile<Roll> file;

    /// All users of one state of the file. Immutable.
    ///
    /// @param decoy what passwords of users that do not exist are checked against, so that it takes
    ///   as long: of the cost that most users have. Empty where there are no users
    /// @param scramDecoy as above, of those that can use SCRAM
    record Roll(
            Map<String, UserEntry> users,
            Optional<Verifier> decoy,
            Optional<Verifier.Scram> scramDecoy) {

        static Roll of(Collection<UserEntry> entries) {
            Map<String, UserEntry> users = HashMap.newHashMap(entries.size());
            Map<String, Integer> counts = new HashMap<>();
            Optional<Verifier> decoy = Optional.empty();
            Optional<Verifier.Scram> scramDecoy = Optional.empty();
            for (UserEntry entry : entries) {
                users.put(entry.name(), entry);
                Verifier verifier = entry.verifier();
                int count = counts.merge(verifier.cost(), 1, Integer::sum);
                if (count > decoy.map(it -> counts.getOrDefault(it.cost(), 0)).orElse(0)
                        || decoy.isEmpty()) {
                    decoy = Optional.of(verifier);
                }
                if (verifier instanceof Verifier.Scram scram
                        && count
                                >= scramDecoy
                                        .map(it -> counts.getOrDefault(it.cost(), 0))
                                        .orElse(0)) {
                    scramDecoy = Optional.of(scram);
                }
            }
            return new Roll(Map.copyOf(users), decoy, scramDecoy);
        }

        /// By a name in NFKC.
        Optional<UserEntry> find(String name) {
            return Optional.ofNullable(users.get(name));
        }
    }

    Users(Path path, InstantSource clock) {
        file =
                new WatchedFile<>(
                        path,
                        UsersFile.BYTES_MAX,
                        (file, bytes) -> Roll.of(UsersFile.parse(file, bytes)),
                        clock);
    }

    /// Empty where the file cannot be used: then nobody can be told from anybody.
    Optional<Roll> roll() {
        return file.content();
    }

    /// Whether the file still has exactly this user.
    boolean has(UserEntry entry) {
        return roll().flatMap(it -> it.find(entry.name())).filter(entry::equals).isPresent();
    }
}
