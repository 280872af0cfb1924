package io.whimbrel.keydesk;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.Console;
import io.whimbrel.cli.Words;
import io.whimbrel.config.Config;
import io.whimbrel.keydesk.DkimCommand.Configured;
import io.whimbrel.keys.DnsRecord;
import io.whimbrel.keys.KeyFiles;
import io.whimbrel.keys.KeyFolder;
import io.whimbrel.keys.KeyKind;
import io.whimbrel.keys.KeyName;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.KeyReplacement;
import io.whimbrel.keys.PlacedKey;
import io.whimbrel.keys.Rotation;
import io.whimbrel.keys.Rotation.Transition;
import io.whimbrel.keys.RotationEvent;
import io.whimbrel.keys.RotationState;
import io.whimbrel.keys.RotationStep;
import io.whimbrel.keys.RotationTerms;
import io.whimbrel.keys.SelectorTemplate;
import io.whimbrel.keys.Sighting;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.toml.DurationText;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;

/// `whimbrel dkim rotate` and `whimbrel dkim revoke`. Stateless; the verbs are confined to one
/// thread.
final class DkimRotation {
    private DkimRotation() {}

    @Command(
            name = "rotate",
            description = {
                "Replace the keys of a domain by new ones, or go on with that.",
                "A new key is made, and you publish its record. When the DNS has it, and others had"
                        + " time to notice, it signs. The old record stays for mail that is under"
                        + " way; then you publish that the old key is revoked. A running server"
                        + " goes on by itself, and so does this command, each time it is given."
            })
    static final class Rotate implements Callable<Integer> {
        private final Console console;
        private final DkimCommand dkim;

        @Parameters(paramLabel = "DOMAIN", description = "Who signs.")
        private String domain = "";

        @Option(
                names = "--algorithm",
                paramLabel = "A",
                description =
                        "Only keys of this algorithm: rsa or ed25519. rsa2048 and rsa4096 also say"
                                + " how long the new key is.")
        private Optional<String> algorithm = Optional.empty();

        @Option(
                names = "--selector",
                paramLabel = "S",
                description =
                        "What the new selector is called; default s{date}{algorithm}, such as"
                                + " s20261128r.")
        private Optional<String> selector = Optional.empty();

        @Option(
                names = "--keep",
                paramLabel = "D",
                description =
                        "How long the old record stays behind the last signature by it; default 7d,"
                                + " at least as long as mail lives and signatures hold.")
        private Optional<String> keep = Optional.empty();

        @Option(
                names = "--spread",
                paramLabel = "D",
                description =
                        "How long the new record is there before it is signed with; default 1h, at"
                                + " least as long as the zone lets others remember that there was"
                                + " none.")
        private Optional<String> spread = Optional.empty();

        @Option(names = "--abort", description = "Keep the old key; until the new one signs.")
        private boolean isAborted;

        @Option(names = "--status", description = "Only say how far it is; asks nobody.")
        private boolean isStatus;

        @Option(names = "--dry-run", description = "Only say what would be done.")
        private boolean isDry;

        Rotate(Console console, DkimCommand dkim) {
            this.console = console;
            this.dkim = dkim;
        }

        @Override
        public Integer call() {
            boolean isKnown =
                    algorithm.isEmpty()
                            || algorithm.get().equals("rsa")
                            || KeyKind.parse(algorithm.get()).isPresent();
            if (!isKnown) {
                throw console.usage("--algorithm: rsa, rsa2048, rsa4096 or ed25519");
            }
            return console.run(() -> {
                Config config = dkim.config();
                String name = DkimCommand.name(domain, "any").domain();
                int count = 0;
                for (Configured key : DkimCommand.configured(config, Optional.of(name))) {
                    count += rotate(key, config) ? 1 : 0;
                }
                return count > 0
                        ? Console.OK
                        : console.fail(
                                "no [[dkim]] of "
                                        + domain
                                        + algorithm.map(it -> " with " + it).orElse("")
                                        + " has a key to replace; see `whimbrel dkim list`");
            });
        }

        /// Whether the options are for this key.
        private boolean rotate(Configured configured, Config config) throws IOException {
            var desk = new KeyReplacement(dkim.folder(), dkim.lookup());
            Rotation found = desk.find(configured.unrotated());
            SigningKey key = currentKey(found);
            if (!isFor(key)) {
                return false;
            }
            var rotation =
                    new Rotation(found.entry(), key.algorithm(), found.current(), found.state());
            boolean isNew =
                    rotation.state() instanceof RotationState.Idle && !isStatus && !isAborted;
            if (isNew) {
                begin(desk, rotation, plan(configured, config, key));
            } else {
                new Printer(console, dkim).print(moved(desk, rotation), isDry);
            }
            return true;
        }

        private boolean isFor(SigningKey key) {
            String wanted = algorithm.orElse(key.algorithm().keyType());
            return wanted.equals(key.algorithm().keyType())
                    || KeyKind.parse(wanted)
                            .filter(it -> it.algorithm() == key.algorithm())
                            .isPresent();
        }

        private Transition moved(KeyReplacement desk, Rotation rotation) throws IOException {
            Instant now = dkim.clock().instant();
            if (isStatus) {
                return new Transition(rotation, new RotationStep.Wait());
            }
            return isAborted
                    ? desk.apply(rotation, new RotationEvent.Abort(), now, isDry)
                    : desk.advance(rotation, now, isDry);
        }

        private void begin(KeyReplacement desk, Rotation rotation, KeyReplacement.Plan plan)
                throws IOException {
            var printer = new Printer(console, dkim);
            if (isDry) {
                printer.print(rotation, plan);
            } else {
                printer.print(desk.begin(rotation, plan, dkim.clock().instant()), false);
            }
        }

        private static SigningKey currentKey(Rotation rotation) throws IOException {
            if (rotation.current().place() instanceof KeyPlace.File(Path file)) {
                return KeyFiles.read(file);
            }
            throw new IOException(
                    "the key "
                            + rotation.entry()
                            + " lies in "
                            + rotation.current().place()
                            + ": make a new one there, publish its record, and name it in [[dkim]]"
                            + " in the place of the old one");
        }

        private KeyReplacement.Plan plan(Configured configured, Config config, SigningKey key)
                throws IOException {
            RotationTerms terms = terms(configured, config);
            KeyKind kind =
                    algorithm.flatMap(KeyKind::parse).orElseGet(() -> KeyKind.successorOf(key));
            var template = selector.map(SelectorTemplate::new).orElse(SelectorTemplate.DEFAULT);
            var taken = new SelectorTemplate.Taken(dkim.folder(), Optional.of(dkim.lookup()));
            Instant now = dkim.clock().instant();
            KeyName name = template.free(configured.name().domain(), kind, taken, now);
            return new KeyReplacement.Plan(name, kind, terms);
        }

        private RotationTerms terms(Configured configured, Config config) throws IOException {
            Duration least = config.retry().expire().plus(configured.expire());
            Duration wanted = duration("--keep", keep, RotationTerms.DEFAULT.keep());
            if (wanted.compareTo(least) < 0) {
                console.warn(
                        "the old record stays for "
                                + Words.duration(least)
                                + ", for so long mail lives and signatures hold");
                wanted = least;
            }
            try {
                return new RotationTerms(
                        duration("--spread", spread, RotationTerms.DEFAULT.spread()), wanted);
            } catch (IllegalArgumentException e) {
                throw new IOException("--keep and --spread are 365d at most", e);
            }
        }

        private static Duration duration(String option, Optional<String> text, Duration byDefault)
                throws IOException {
            return text.isEmpty()
                    ? byDefault
                    : DurationText.parse(text.get())
                            .orElseThrow(() ->
                                    new IOException(
                                            option + ": a duration such as 30m, 12h or 7d"));
        }
    }

    @Command(
            name = "revoke",
            description = {
                "Print the record that revokes a key, and put its file aside when that is"
                        + " published.",
                "Given the old key of a rotation, ends the time for which its record is kept."
            })
    static final class Revoke implements Callable<Integer> {
        private final Console console;
        private final DkimCommand dkim;

        @Parameters(index = "0", paramLabel = "DOMAIN", description = "Who signs.")
        private String domain = "";

        @Parameters(index = "1", paramLabel = "SELECTOR", description = "Of the key.")
        private String selector = "";

        @Option(names = "--dry-run", description = "Only say what would be done.")
        private boolean isDry;

        @Option(
                names = "--force",
                description = "Also where mail is signed with it: print the record.")
        private boolean isForced;

        Revoke(Console console, DkimCommand dkim) {
            this.console = console;
            this.dkim = dkim;
        }

        @Override
        public Integer call() {
            return console.run(() -> {
                KeyName name = DkimCommand.name(domain, selector);
                var desk = new KeyReplacement(dkim.folder(), dkim.lookup());
                for (Configured configured :
                        DkimCommand.configured(dkim.config(), Optional.of(name.domain()))) {
                    Rotation rotation = desk.find(configured.unrotated());
                    if (is(rotation.current(), name)) {
                        revokeSigning(name);
                        return Console.OK;
                    }
                    if (revokeOf(desk, rotation, name)) {
                        return Console.OK;
                    }
                }
                revokeUnused(desk, name);
                return Console.OK;
            });
        }

        private void revokeSigning(KeyName name) throws IOException {
            String rotate = "`whimbrel dkim rotate " + name.domain() + "`";
            if (!isForced) {
                throw new IOException(
                        "mail is signed with "
                                + name
                                + ": replace it first with "
                                + rotate
                                + "; --force prints the record all the same");
            }
            console.warn(
                    "mail is signed with it still, and fails DKIM once that is published; "
                            + rotate
                            + " makes another key");
            new Printer(console, dkim).print(name, "publish", DnsRecord.revoked(name));
        }

        /// Whether the key is one of this rotation.
        private boolean revokeOf(KeyReplacement desk, Rotation rotation, KeyName name)
                throws IOException {
            Instant now = dkim.clock().instant();
            Transition moved;
            switch (rotation.state()) {
                case RotationState.Publishing(var next, _, _, _, _) when is(next, name) ->
                        throw aboutToSign(name);
                case RotationState.Verified(var next, _, _, _, _, _) when is(next, name) ->
                        throw aboutToSign(name);
                case RotationState.Switched(var old, _, _) when is(old, name) ->
                        moved = desk.apply(rotation, new RotationEvent.Revoke(), now, isDry);
                case RotationState.Revoking(var old, _, _) when is(old, name) ->
                        moved = desk.advance(rotation, now, isDry);
                case RotationState.Idle _,
                        RotationState.Publishing _,
                        RotationState.Verified _,
                        RotationState.Switched _,
                        RotationState.Revoking _ -> {
                    return false;
                }
            }
            new Printer(console, dkim).print(moved, isDry);
            return true;
        }

        private static IOException aboutToSign(KeyName name) {
            return new IOException(
                    name
                            + " is about to sign; `whimbrel dkim rotate "
                            + name.domain()
                            + " --abort` prevents that");
        }

        private static boolean is(PlacedKey key, KeyName name) {
            return key.selector().equals(name.selector());
        }

        private void revokeUnused(KeyReplacement desk, KeyName name) throws IOException {
            KeyFolder folder = desk.folder();
            if (!folder.has(name)) {
                throw new IOException(
                        "there is no key "
                                + name
                                + " in "
                                + folder.path()
                                + "; see `whimbrel dkim list`");
            }
            var printer = new Printer(console, dkim);
            if (Sighting.of(desk.lookup(), name, Optional.empty()).isGone()) {
                if (!isDry) {
                    folder.retire(name, new KeyPlace.File(folder.file(name)));
                }
                printer.print(
                        name, (isDry ? "would put aside " : "put aside ") + folder.file(name));
            } else {
                printer.print(name, "publish, then run this again", DnsRecord.revoked(name));
            }
        }
    }

    /// Tells what became of a key. Confined to one thread.
    private record Printer(Console console, DkimCommand dkim) {

        /// What would be begun.
        void print(Rotation rotation, KeyReplacement.Plan plan) {
            if (console.isJson()) {
                console.printJson(
                        json(rotation)
                                .put("dry_run", true)
                                .put("next", plan.name().selector())
                                .put("kind", plan.kind().word()));
                return;
            }
            console.out()
                    .println(
                            rotation.current().selector()
                                    + " of "
                                    + rotation.entry().domain()
                                    + ": would make "
                                    + plan.name().selector()
                                    + " ("
                                    + plan.kind().word()
                                    + "), sign with it "
                                    + Words.duration(plan.terms().spread())
                                    + " after its record is there, and keep the old record for "
                                    + Words.duration(plan.terms().keep()));
        }

        void print(Transition moved, boolean isDry) throws IOException {
            if (moved.step() instanceof RotationStep.Refused(String why)) {
                throw new IOException(why);
            }
            Rotation rotation = moved.rotation();
            Optional<DnsRecord> record = record(rotation);
            if (console.isJson()) {
                ObjectNode line = json(rotation);
                if (isDry) {
                    line.put("dry_run", true);
                }
                record.ifPresent(it -> line.set("publish", DkimCommand.json(it)));
                console.printJson(line);
                return;
            }
            console.out()
                    .println(
                            (isDry ? "(would be) " : "")
                                    + rotation.entry().domain()
                                    + ", "
                                    + rotation.entry().selector()
                                    + " in the configuration: "
                                    + text(rotation));
            tail(moved.rotation().entry().domain(), moved.step()).ifPresent(console.out()::println);
            record.ifPresent(dkim::print);
        }

        private Optional<String> tail(String domain, RotationStep step) throws IOException {
            return switch (step) {
                case RotationStep.Retire(PlacedKey old) -> Optional.of(aside(domain, old));
                case RotationStep.Discard(PlacedKey next) ->
                        Optional.of(
                                aside(domain, next)
                                        + "; remove its record, if you have published it");
                case RotationStep.Wait _,
                        RotationStep.Publish _,
                        RotationStep.Switch _,
                        RotationStep.PublishRevoked _,
                        RotationStep.Refused _ ->
                        Optional.empty();
            };
        }

        private String aside(String domain, PlacedKey key) throws IOException {
            return dkim.folder().isOf(new KeyName(domain, key.selector()), key.place())
                    ? key.place() + " is put aside"
                    : key.place()
                            + " is not needed by it any more; remove it, unless other keys are the"
                            + " same file";
        }

        void print(KeyName name, String what) {
            if (console.isJson()) {
                console.printJson(
                        Json.object()
                                .put("domain", name.domain())
                                .put("selector", name.selector())
                                .put("done", what));
            } else {
                console.out().println(name + ": " + what);
            }
        }

        void print(KeyName name, String what, DnsRecord record) {
            if (console.isJson()) {
                console.printJson(DkimCommand.json(record).put("done", what));
            } else {
                console.out().println(name + ": " + what);
                dkim.print(record);
            }
        }

        /// What an operator has to publish in the state that it is in.
        private static Optional<DnsRecord> record(Rotation rotation) throws IOException {
            return switch (rotation.state()) {
                case RotationState.Publishing state -> Optional.of(record(rotation, state.next()));
                case RotationState.Revoking state ->
                        Optional.of(
                                DnsRecord.revoked(
                                        new KeyName(
                                                rotation.entry().domain(),
                                                state.old().selector())));
                case RotationState.Idle _, RotationState.Verified _, RotationState.Switched _ ->
                        Optional.empty();
            };
        }

        private static DnsRecord record(Rotation rotation, PlacedKey key) throws IOException {
            if (key.place() instanceof KeyPlace.File(Path file)) {
                return DnsRecord.of(
                        new KeyName(rotation.entry().domain(), key.selector()),
                        KeyFiles.read(file),
                        DnsRecord.Flags.NONE);
            }
            throw new IOException("a new key lies in a file: " + key.place());
        }

        private static String text(Rotation rotation) {
            String current = rotation.current().selector();
            return switch (rotation.state()) {
                case RotationState.Idle _ -> current + " signs, and nothing is under way";
                case RotationState.Publishing state ->
                        current
                                + " signs. Publish the record of "
                                + state.next().selector()
                                + " and run this again, or let the server look ("
                                + state.seen()
                                + ")";
                case RotationState.Verified state ->
                        current
                                + " signs. "
                                + state.next().selector()
                                + " is in the DNS, and signs from "
                                + time(state.until())
                                + " on ("
                                + state.seen()
                                + ")";
                case RotationState.Switched state ->
                        current
                                + " signs since "
                                + time(state.since())
                                + ". Leave the record of "
                                + state.old().selector()
                                + " until "
                                + time(state.until());
                case RotationState.Revoking state ->
                        current
                                + " signs. Publish that "
                                + state.old().selector()
                                + " is revoked, and run this again, or let the server look ("
                                + state.seen()
                                + ")";
            };
        }

        private static String time(Instant instant) {
            return Words.time(Json.time(instant));
        }

        private static ObjectNode json(Rotation rotation) {
            ObjectNode json =
                    Json.object()
                            .put("domain", rotation.entry().domain())
                            .put("entry", rotation.entry().selector())
                            .put("algorithm", rotation.algorithm().keyType())
                            .put("signs", rotation.current().selector())
                            .put("state", rotation.state().word());
            switch (rotation.state()) {
                case RotationState.Idle _ -> {}
                case RotationState.Publishing state ->
                        json.put("next", state.next().selector())
                                .put("since", Json.time(state.since()))
                                .put("seen", state.seen());
                case RotationState.Verified state ->
                        json.put("next", state.next().selector())
                                .put("since", Json.time(state.since()))
                                .put("until", Json.time(state.until()))
                                .put("seen", state.seen());
                case RotationState.Switched state ->
                        json.put("old", state.old().selector())
                                .put("since", Json.time(state.since()))
                                .put("until", Json.time(state.until()));
                case RotationState.Revoking state ->
                        json.put("old", state.old().selector())
                                .put("since", Json.time(state.since()))
                                .put("seen", state.seen());
            }
            return json;
        }
    }
}
