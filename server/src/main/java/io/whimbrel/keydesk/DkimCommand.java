package io.whimbrel.keydesk;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.Console;
import io.whimbrel.cli.DataOptions;
import io.whimbrel.cli.TextTable;
import io.whimbrel.cli.Words;
import io.whimbrel.config.Config;
import io.whimbrel.dns.DnsSettings;
import io.whimbrel.keys.DnsRecord;
import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyFolder;
import io.whimbrel.keys.KeyKind;
import io.whimbrel.keys.KeyLookup;
import io.whimbrel.keys.KeyName;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.KeyShelf;
import io.whimbrel.keys.KeyUse;
import io.whimbrel.keys.PemKey;
import io.whimbrel.keys.Rotation;
import io.whimbrel.keys.Rotations;
import io.whimbrel.keys.RotationsFile;
import io.whimbrel.keys.SelectorTemplate;
import io.whimbrel.keys.Sighting;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.signing.DkimRule;
import io.whimbrel.toml.TomlText;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/// `whimbrel dkim`: makes, shows, replaces and revokes the keys that mail is signed with. Works on
/// the key folder alone; a running node notices by itself. Confined to one thread.
@Command(
        name = "dkim",
        description = {
            "Make, show, replace and revoke the keys that mail is signed with.",
            "A running server notices within a minute."
        })
final class DkimCommand implements Runnable {
    private static final int TTL_SECONDS = 3_600;

    @Mixin private Console console = new Console();
    @Mixin private DataOptions data = new DataOptions();

    private final InstantSource clock;

    DkimCommand(InstantSource clock) {
        this.clock = clock;
    }

    /// Adds the verbs that have classes of their own.
    CommandLine addTo(CommandLine own) {
        return own.addSubcommand(new DkimRotation.Rotate(console, this))
                .addSubcommand(new DkimRotation.Revoke(console, this))
                .addSubcommand(new DkimImportCommand(console));
    }

    /// A key as the configuration names it, once however often that is.
    ///
    /// @param expire the longest for which signatures by it hold
    record Configured(KeyName name, KeyPlace place, Duration expire) {
        /// As if it had never been replaced. Which algorithm it has nobody knows yet.
        Rotation unrotated() {
            return Rotation.idle(name, KeyAlgorithm.RSA, place);
        }
    }

    /// What the record says beside the key.
    static final class RecordOptions {
        @Option(names = "--testing", description = "Add t=y: receivers only try.")
        private boolean isTesting;

        @Option(names = "--strict", description = "Add t=s: not for subdomains in i=.")
        private boolean isStrict;

        @Option(names = "--sha256", description = "Add h=sha256.")
        private boolean isSha256;

        DnsRecord.Flags flags() {
            return new DnsRecord.Flags(isTesting, isStrict, isSha256);
        }
    }

    /// Without a verb there is nothing to do.
    @Override
    public void run() {
        throw console.usage("Say what to do: gen, list, show, rotate, revoke or import");
    }

    @Command(
            name = "gen",
            description =
                    "Make a key, and print what to publish in the DNS and what to write in the"
                            + " configuration.")
    int gen(
            @Parameters(paramLabel = "DOMAIN", description = "Who signs.") String domain,
            @Option(
                            names = "--selector",
                            paramLabel = "S",
                            defaultValue = "s{date}{algorithm}",
                            description = "Its name; default s{date}{algorithm}.")
                    String selector,
            @Option(
                            names = "--algorithm",
                            paramLabel = "A",
                            defaultValue = "rsa2048",
                            description =
                                    "rsa2048, rsa4096, ed25519, or both for rsa2048 and ed25519;"
                                            + " default rsa2048.")
                    String algorithm,
            @Option(
                            names = "--out",
                            paramLabel = "FOLDER",
                            description =
                                    "Where DOMAIN/SELECTOR.pem is made, instead of the key folder.")
                    Optional<Path> out,
            @Option(names = "--offline", description = "Do not ask the DNS whether it is free.")
                    boolean isOffline,
            @Mixin RecordOptions record) {
        List<KeyKind> kinds = kinds(algorithm);
        return console.run(() -> {
            KeyFolder folder = out.isPresent() ? new KeyFolder(out.get()) : folder();
            var template = new SelectorTemplate(selector);
            var taken =
                    new SelectorTemplate.Taken(
                            folder, isOffline ? Optional.empty() : Optional.of(lookup()));
            for (KeyKind kind : kinds) {
                KeyName name =
                        (kinds.size() > 1 ? template.withAlgorithm() : template)
                                .free(domain, kind, taken, clock.instant());
                SigningKey key = kind.generate();
                KeyPlace.File place = folder.create(name, key);
                printMade(DnsRecord.of(name, key, record.flags()), key, place);
            }
            return Console.OK;
        });
    }

    private void printMade(DnsRecord record, SigningKey key, KeyPlace place) {
        if (console.isJson()) {
            console.printJson(
                    json(record)
                            .put("algorithm", key.algorithm().keyType())
                            .put("bits", key.bits())
                            .put("place", place.toString()));
            return;
        }
        console.out().println("made " + place + " (" + key + ")");
        print(record);
        console.out().println("# and when that is published, in the configuration:");
        console.out().println("[[dkim]]");
        console.out().println("domain = " + TomlText.quote(record.name().domain()));
        console.out().println("selector = " + TomlText.quote(record.name().selector()));
        console.out().println("key = " + TomlText.quote(place.toString()));
        console.out().println();
    }

    private List<KeyKind> kinds(String algorithm) {
        if (algorithm.equals("both")) {
            return List.of(KeyKind.RSA2048, KeyKind.ED25519);
        }
        return KeyKind.parse(algorithm)
                .map(List::of)
                .orElseThrow(() -> console.usage("--algorithm: rsa2048, rsa4096, ed25519 or both"));
    }

    @Command(
            name = "list",
            description =
                    "List keys, what they are used for, and with --dns whether their records are"
                            + " there. Exit code 1: a key that signs cannot be used or is not in"
                            + " the DNS.")
    int list(@Option(names = "--dns", description = "Ask the DNS.") boolean isAsked) {
        return console.run(() -> {
            var table = new TextTable("DOMAIN", "SELECTOR", "KEY", "USE", "AGE", "DNS", "PLACE");
            boolean isGood = true;
            for (KeyUse use : uses(Optional.empty())) {
                Optional<Sighting> seen = isAsked ? use.look(lookup()) : Optional.empty();
                if (console.isJson()) {
                    console.printJson(json(use, seen));
                } else {
                    String dns = seen.map(Sighting::word).orElse("-");
                    add(use, dns, table);
                }
                isGood &= !complain(use, seen) || use.role() != KeyUse.Role.SIGNS;
            }
            if (!console.isJson() && !table.isEmpty()) {
                table.print(console.out());
            }
            return isGood ? Console.OK : Console.FAILED;
        });
    }

    private void add(KeyUse use, String dns, TextTable table) {
        String age =
                use.made()
                        .map(made -> Words.duration(Duration.between(made, clock.instant())))
                        .orElse("-");
        String key = use.key().map(SigningKey::toString).orElse("-");
        KeyName name = use.name();
        table.add(name.domain(), name.selector(), key, role(use), age, dns, use.place());
    }

    private static String role(KeyUse use) {
        boolean isOther = !use.entry().equals(use.name());
        return use.role().word()
                + (isOther ? " for " + use.entry().selector() : "")
                + use.until().map(it -> " until " + Words.time(Json.time(it))).orElse("");
    }

    private ObjectNode json(KeyUse use, Optional<Sighting> seen) {
        ObjectNode line =
                Json.object()
                        .put("domain", use.name().domain())
                        .put("selector", use.name().selector())
                        .put("use", use.role().word())
                        .put("entry", use.entry().selector())
                        .put("place", use.place().toString());
        use.until().ifPresent(it -> line.put("until", Json.time(it)));
        use.key().ifPresent(it -> line.put("algorithm", it.algorithm().keyType()));
        use.key().ifPresent(it -> line.put("bits", it.bits()));
        use.made().ifPresent(it -> line.put("made", Json.time(it)));
        seen.ifPresent(it -> line.put("dns", it.word()).put("dns_text", it.text()));
        if (use.reading() instanceof KeyUse.Reading.Unreadable(String why)) {
            line.put("error", why);
        }
        return line;
    }

    /// Says what is wrong with a key.
    ///
    /// @return whether what is signed with it cannot be verified
    private boolean complain(KeyUse use, Optional<Sighting> seen) {
        use.key().flatMap(PemKey::warning).ifPresent(it -> console.warn(use.name() + ": " + it));
        if (use.reading() instanceof KeyUse.Reading.Unreadable(String why)) {
            console.warn(why);
            return true;
        }
        Optional<Sighting> bad = seen.filter(it -> !(it instanceof Sighting.Good));
        if (use.role() == KeyUse.Role.SIGNS) {
            bad.ifPresent(it -> console.warn(use.name() + ": " + it.text()));
        }
        return bad.isPresent();
    }

    /// Keys of the configuration and of their rotations, and those of the folder that nobody uses.
    ///
    /// @param domain only of this one
    private List<KeyUse> uses(Optional<String> domain) throws IOException {
        Config config = config();
        KeyFolder folder = folder();
        Rotations rotations = new RotationsFile(folder).read();
        var uses = new TreeMap<KeyName, KeyUse>();
        try (var shelf = new KeyShelf(config.keySources(), clock)) {
            for (Configured key : configured(config, domain)) {
                Rotation rotation = rotations.find(key.name()).orElseGet(key::unrotated);
                KeyUse.of(rotation, shelf).forEach(it -> uses.put(it.name(), it));
            }
            for (KeyFolder.Entry entry : folder.entries()) {
                KeyName name = entry.name();
                boolean isMeant = domain.filter(it -> !it.equals(name.domain())).isEmpty();
                if (isMeant && !uses.containsKey(name)) {
                    uses.put(name, KeyUse.unused(name, entry.place(), shelf));
                }
            }
        }
        return List.copyOf(uses.values());
    }

    @Command(
            name = "show",
            description = "Print the DNS records of a domain's keys, ready to paste.")
    int show(
            @Parameters(paramLabel = "DOMAIN", description = "Who signs.") String domain,
            @Parameters(
                            paramLabel = "SELECTOR",
                            arity = "0..1",
                            description = "One of its keys; without it, all of them.")
                    Optional<String> selector,
            @Option(
                            names = "--format",
                            paramLabel = "F",
                            defaultValue = "zone",
                            description =
                                    "zone: lines of a zone file; value: what web forms want; json."
                                            + " Default zone.")
                    String format,
            @Mixin RecordOptions record) {
        if (!List.of("zone", "value", "json").contains(format)) {
            throw console.usage("--format: zone, value or json");
        }
        return console.run(() -> {
            int shown = 0;
            for (KeyUse use : uses(Optional.of(name(domain, "any").domain()))) {
                String own = use.name().selector();
                if (selector.isEmpty() || own.equalsIgnoreCase(selector.get())) {
                    show(use, record.flags(), console.isJson() ? "json" : format);
                    shown++;
                }
            }
            return shown > 0
                    ? Console.OK
                    : console.fail(
                            "there is no such key of " + domain + "; see `whimbrel dkim list`");
        });
    }

    private void show(KeyUse use, DnsRecord.Flags flags, String format) throws IOException {
        SigningKey key =
                switch (use.reading()) {
                    case KeyUse.Reading.Read(SigningKey read) -> read;
                    case KeyUse.Reading.Unreadable(String why) -> throw new IOException(why);
                };
        DnsRecord record = DnsRecord.of(use.name(), key, flags);
        switch (format) {
            case "zone" -> console.out().println(record.zone(TTL_SECONDS));
            case "value" -> console.out().println(record.value());
            default -> console.printJson(json(record));
        }
    }

    /// A record in every form.
    static ObjectNode json(DnsRecord record) {
        ObjectNode json =
                Json.object()
                        .put("domain", record.name().domain())
                        .put("selector", record.name().selector())
                        .put("name", record.name().dnsName())
                        .put("type", "TXT")
                        .put("value", record.value());
        ArrayNode strings = json.putArray("strings");
        record.strings().forEach(strings::add);
        return json.put("zone", record.zone(TTL_SECONDS));
    }

    /// How to publish a record, for people.
    void print(DnsRecord record) {
        console.out().println("; for a zone file:");
        console.out().println(record.zone(TTL_SECONDS));
        console.out().println("; for a web form: type TXT, name " + record.name().dnsName());
        console.out()
                .println(
                        "; (where the form adds the domain: "
                                + record.name().selector()
                                + "._domainkey), value:");
        console.out().println(record.value());
    }

    /// What `[[dkim]]` and `[arc]` name, each key once.
    ///
    /// @param domain only of this one; then also what rules for every domain sign it with
    static List<Configured> configured(Config config, Optional<String> domain) {
        var keys = new TreeMap<KeyName, Configured>();
        for (DkimRule rule : config.signing().keys()) {
            Optional<String> signer = rule.domain().map(it -> it.value()).or(() -> domain);
            Optional<KeyName> name = signer.flatMap(it -> KeyName.parse(it, rule.selector()));
            if (name.isPresent()
                    && domain.filter(it -> !it.equals(name.get().domain())).isEmpty()) {
                Duration expire = rule.form().expire().orElse(Duration.ZERO);
                var key = new Configured(name.get(), place(rule, name.get()), expire);
                keys.merge(key.name(), key, DkimCommand::longer);
            }
        }
        return List.copyOf(keys.values());
    }

    private static Configured longer(Configured one, Configured other) {
        return one.expire().compareTo(other.expire()) >= 0 ? one : other;
    }

    private static KeyPlace place(DkimRule rule, KeyName name) {
        return rule.key() instanceof KeyPlace.File(Path file)
                ? new KeyPlace.File(Path.of(file.toString().replace("{domain}", name.domain())))
                : rule.key();
    }

    static KeyName name(String domain, String selector) throws IOException {
        return KeyName.parse(domain, selector)
                .orElseThrow(() ->
                        new IOException(
                                "\"" + selector + "\" of \"" + domain + "\" is no key's name"));
    }

    Config config() throws IOException {
        return data.config();
    }

    InstantSource clock() {
        return clock;
    }

    KeyFolder folder() throws IOException {
        return new KeyFolder(config().signing().keyFolder());
    }

    KeyLookup lookup() throws IOException {
        DnsSettings dns = data.isGiven() ? config().dns() : DnsSettings.DEFAULT;
        return new KeyLookup.Servers(dns, clock);
    }
}
