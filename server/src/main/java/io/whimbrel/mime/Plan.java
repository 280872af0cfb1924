package io.whimbrel.mime;

import java.util.Arrays;

/// What becomes of each entity of a message. A byte each; of those beyond [#ENTITIES_MAX] nothing
/// is remembered, and they stay as they are. Confined to one thread while it grows.
public final class Plan {
    static final int ENTITIES_MAX = 65_536;

    private static final int ACTION = 0x0f;
    private static final int IS_ENCODED = 0x10;
    private static final int IS_UTF_8 = 0x20;

    private byte[] entries = new byte[16];

    void set(int number, Action action, boolean isEncoded, boolean isUtf8) {
        if (number >= ENTITIES_MAX) {
            return;
        }
        if (number >= entries.length) {
            entries = Arrays.copyOf(entries, Math.max(number + 1, 2 * entries.length));
        }
        int flags = (isEncoded ? IS_ENCODED : 0) | (isUtf8 ? IS_UTF_8 : 0);
        entries[number] = (byte) (action.ordinal() | flags);
    }

    Action action(int number) {
        return Action.at(entry(number) & ACTION);
    }

    /// Whether it, or anything inside, gets another encoding.
    boolean isEncoded(int number) {
        return (entry(number) & IS_ENCODED) != 0;
    }

    /// Whether the body is good UTF-8.
    boolean isUtf8(int number) {
        return (entry(number) & IS_UTF_8) != 0;
    }

    private int entry(int number) {
        return number < entries.length ? entries[number] : 0;
    }
}
