package io.whimbrel.submission;

import io.whimbrel.admin.AdminClient;
import io.whimbrel.admin.Json;
import io.whimbrel.admin.SocketPath;
import io.whimbrel.cli.Words;
import io.whimbrel.config.Config;
import io.whimbrel.pickup.DropBox;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// `sendmail -bp` and `mailq`: the queue, in Postfix's form where programs look at it (its first
/// and its last line); and what lies in the pickup folder. Confined to one thread.
///
/// @param config of the node
record MailQueue(Config config, Sendmail.Caller caller) {
    private static final int ENTRIES_MAX = 10_000;

    SysExit print() {
        var out = new PrintWriter(caller.out(), false, StandardCharsets.UTF_8);
        try {
            return print(out);
        } finally {
            out.flush();
        }
    }

    private SysExit print(PrintWriter out) {
        var entries = new Entries(out);
        ObjectNode request = Json.object().put("verb", "queue-list").put("limit", ENTRIES_MAX);
        Optional<String> trouble;
        try {
            Path socket = SocketPath.in(config.node().dataFolder());
            trouble =
                    new AdminClient(socket, "node.data", "whimbrel serve -c FILE")
                            .ask(request, entries::add);
        } catch (IOException e) {
            trouble = Optional.of(String.valueOf(e.getMessage()));
        }
        long waiting = printFolder(out);
        if (trouble.isPresent()) {
            caller.err().println("mailq: " + Words.printable(trouble.get()));
            return SysExit.TEMPORARY_FAILURE;
        }
        entries.end(waiting);
        return SysExit.OK;
    }

    /// @return how many files wait; 0 where this user may not look
    private long printFolder(PrintWriter out) {
        var box = new DropBox(config.pickup().folder());
        long waiting = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(box.arrived())) {
            for (Path file : files) {
                waiting++;
                if (waiting <= ENTRIES_MAX) {
                    out.println("pickup  " + Words.size(Files.size(file)) + "  " + file);
                }
            }
        } catch (IOException | DirectoryIteratorException _) {
            out.println("(" + box.arrived() + " may be looked at by the server's user only)");
        }
        if (waiting > 0) {
            out.println(
                    "-- " + Words.count(waiting, "message") + " not yet taken from the folder.");
        }
        return waiting;
    }

    /// Confined to one thread.
    private static final class Entries {
        private final PrintWriter out;
        private long count;
        private long bytes;

        Entries(PrintWriter out) {
            this.out = out;
        }

        void add(ObjectNode line) {
            if (count++ == 0) {
                out.println("-Queue ID----  --Size--  Age  Sender, recipient, state");
            }
            long size = line.path("size").asLong(0);
            bytes += size;
            long recipients = line.path("recipients").asLong(1);
            out.println(
                    Json.text(line, "id")
                            + "  "
                            + size
                            + "  "
                            + line.path("age_s").asLong(0)
                            + "s  "
                            + Words.printable(Json.text(line, "sender")));
            if (!Json.text(line, "why").isEmpty()) {
                out.println("    (" + Words.printable(Json.text(line, "why")) + ")");
            }
            String more = recipients > 1 ? " and " + (recipients - 1) + " more" : "";
            out.println(
                    "    "
                            + Words.printable(Json.text(line, "recipient"))
                            + more
                            + ", "
                            + Json.text(line, "state"));
        }

        void end(long waiting) {
            if (count > 0) {
                out.println("-- " + (bytes + 1023) / 1024 + " Kbytes in " + count + " Requests.");
            } else if (waiting == 0) {
                out.println("Mail queue is empty");
            }
        }
    }
}
