/// Tools for a spool whose node is stopped: check, count, export, import.
///
/// Comes in: a folder, read by [io.whimbrel.spool.OfflineSpool]; or files of mail. Goes out:
/// findings, numbers, files; and mail in a spool, by its ordinary door. Must not know: the command
/// line, sessions, queues in memory.
///
/// What a tool writes of mail is a pair of files: `ID.eml`, the bytes as they would be sent, and
/// `ID.json`, the envelope with where each recipient stands ([EnvelopeJson]).
@NullMarked
package io.whimbrel.salvage;

import org.jspecify.annotations.NullMarked;
