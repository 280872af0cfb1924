package io.whimbrel.toml;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/// Finds the known name that a misspelt one was probably meant to be. Stateless.
public final class NearestName {
    private static final int LENGTH_MAX = 64;

    private NearestName() {}

    /// The nearest of `known`, the first of equals; empty where even that differs in more than a
    /// third of its letters (two, for short names). Case does not count, and `_` counts as `-`.
    public static Optional<String> of(String written, Collection<String> known) {
        if (written.length() > LENGTH_MAX) {
            return Optional.empty();
        }
        String plain = plain(written);
        Optional<String> nearest = Optional.empty();
        int least = Integer.MAX_VALUE;
        for (String name : known) {
            int most = name.length() <= 3 ? 1 : Math.max(2, name.length() / 3);
            int distance = distance(plain, plain(name));
            if (distance <= most && distance < least) {
                nearest = Optional.of(name);
                least = distance;
            }
        }
        return nearest;
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// How many letters to insert, delete, replace or swap with their neighbour (Damerau and
    /// Levenshtein, optimal string alignment).
    public static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                cost[i][j] = i == 0 || j == 0 ? i + j : cheapest(cost, a, b, i, j);
            }
        }
        return cost[a.length()][b.length()];
    }

    private static int cheapest(int[][] cost, String a, String b, int i, int j) {
        int replaced = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        int best = Math.min(replaced, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        boolean isSwapped =
                i > 1
                        && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1);
        return isSwapped ? Math.min(best, cost[i - 2][j - 2] + 1) : best;
    }
}
