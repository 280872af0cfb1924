package io.whimbrel.keys;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Which tokens are in which slots of a PKCS#11 library: Java's provider takes a slot's number and
/// cannot be asked for labels. Stateless; calls of one library must not overlap.
///
/// Asks by the library's own functions, for 64-bit Linux, where CK_ULONG is a long. The library
/// stays loaded and initialised, which Java's provider finds and accepts.
@SuppressWarnings("restricted") // a library that the operator names is what this is for
final class Pkcs11Slots {
    private static final int SLOTS_MAX = 1_024;
    private static final long OK = 0;
    private static final long ALREADY_INITIALIZED = 0x191;

    /// CK_C_INITIALIZE_ARGS: four pointers, flags, one pointer.
    private static final int INITIALIZE_BYTES = 48;

    private static final int INITIALIZE_FLAGS = 32;
    private static final long OS_LOCKING_OK = 2;

    /// CK_FUNCTION_LIST: a version, then pointers in the order of the standard.
    private static final int LIST_BYTES = 8 + 7 * 8;

    private static final int C_INITIALIZE = 8;
    private static final int C_GET_SLOT_LIST = 8 + 4 * 8;
    private static final int C_GET_TOKEN_INFO = 8 + 6 * 8;

    /// CK_TOKEN_INFO has 208 bytes, of which the first 96 are texts.
    private static final int TOKEN_BYTES = 256;

    private static final int LABEL_BYTES = 32;
    private static final int SERIAL_AT = 80;
    private static final int SERIAL_BYTES = 16;

    private final Path library;
    private final MemorySegment functions;

    /// A token in a slot.
    record Token(long slot, String label, String serial) {}

    private Pkcs11Slots(Path library, MemorySegment functions) {
        this.library = library;
        this.functions = functions;
    }

    /// @throws IOException where the library cannot be used, with the remedy
    static List<Token> tokens(Path library) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment getList =
                    SymbolLookup.libraryLookup(library, Arena.global())
                            .find("C_GetFunctionList")
                            .orElseThrow(() -> new IOException(library + " is no PKCS#11 library"));
            MemorySegment pointer = arena.allocate(ADDRESS);
            check(library, "C_GetFunctionList", call(handle(getList, ADDRESS), pointer));
            MemorySegment functions = pointer.get(ADDRESS, 0).reinterpret(LIST_BYTES);
            return new Pkcs11Slots(library, functions).tokens(arena);
        } catch (IllegalArgumentException _) {
            throw new IOException(
                    library + " cannot be loaded; correct `library` in [pkcs11], or module-path");
        }
    }

    private List<Token> tokens(Arena arena) throws IOException {
        MemorySegment arguments = arena.allocate(INITIALIZE_BYTES);
        arguments.set(JAVA_LONG, INITIALIZE_FLAGS, OS_LOCKING_OK);
        long initialized = call(function(C_INITIALIZE, ADDRESS), arguments);
        if (initialized != ALREADY_INITIALIZED) {
            check(library, "C_Initialize", initialized);
        }
        MemorySegment count = arena.allocate(JAVA_LONG);
        MemorySegment slots = arena.allocate(JAVA_LONG, SLOTS_MAX);
        count.set(JAVA_LONG, 0, SLOTS_MAX);
        check(library, "C_GetSlotList", slotList(slots, count));
        var tokens = new ArrayList<Token>();
        for (int i = 0; i < count.get(JAVA_LONG, 0); i++) {
            long slot = slots.getAtIndex(JAVA_LONG, i);
            MemorySegment token = arena.allocate(TOKEN_BYTES);
            // One that was pulled out meanwhile is no token.
            if (tokenInfo(slot, token) == OK) {
                tokens.add(
                        new Token(
                                slot,
                                text(token, 0, LABEL_BYTES),
                                text(token, SERIAL_AT, SERIAL_BYTES)));
            }
        }
        return tokens;
    }

    private static String text(MemorySegment token, int at, int length) {
        byte[] bytes = token.asSlice(at, length).toArray(JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    private MethodHandle function(int at, MemoryLayout... parameters) {
        return handle(functions.get(ADDRESS, at), parameters);
    }

    private static MethodHandle handle(MemorySegment function, MemoryLayout... parameters) {
        return Linker.nativeLinker()
                .downcallHandle(function, FunctionDescriptor.of(JAVA_LONG, parameters));
    }

    private static long call(MethodHandle function, MemorySegment argument) {
        try {
            return (long) function.invokeExact(argument);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private long slotList(MemorySegment slots, MemorySegment count) {
        MethodHandle function = function(C_GET_SLOT_LIST, JAVA_BYTE, ADDRESS, ADDRESS);
        try {
            return (long) function.invokeExact((byte) 1, slots, count);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private long tokenInfo(long slot, MemorySegment token) {
        MethodHandle function = function(C_GET_TOKEN_INFO, JAVA_LONG, ADDRESS);
        try {
            return (long) function.invokeExact(slot, token);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void check(Path library, String function, long result) throws IOException {
        if (result != OK) {
            throw new IOException(
                    library
                            + ": "
                            + function
                            + " failed with CKR 0x"
                            + Long.toHexString(result)
                            + "; see what its own settings and log say");
        }
    }
}
