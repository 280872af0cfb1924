package io.whimbrel.submission;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.pickup.EnvelopeFields;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a command line of sendmail(1) asks for, as Sendmail, Postfix and Exim have taught programs
/// to write it: letters may stand together (`-ti`), and a value may be joined to its letter
/// (`-fann`) or be the next word. Immutable.
///
/// Options about how a daemon of those works are read over, as Postfix does; letters that none of
/// them has are wrong, and so nothing is sent that was meant otherwise.
///
/// @param mode what is to be done
/// @param takesHeader `-t`: recipients stand in the header
/// @param ignoresDots `-i`: a line of one dot is not the end
/// @param sender `-f`, `-r`: the reverse-path, `""` for none; empty where nothing was said
/// @param fullName `-F`; `""` where nothing was said
/// @param parameters `-B`, `-R`, `-V`
/// @param notice `-N`
/// @param isVerbose `-v`
/// @param config `-C`
/// @param recipients all other words
record SendmailOptions(
        Mode mode,
        boolean takesHeader,
        boolean ignoresDots,
        Optional<String> sender,
        String fullName,
        MailParameters parameters,
        Notify notice,
        boolean isVerbose,
        Optional<Path> config,
        List<String> recipients) {
    /// More words are wrong: the kernel would take some millions.
    static final int WORDS_MAX = EnvelopeFields.RECEIVERS_MAX + 1_000;

    /// What sendmail(1) can be told to do.
    enum Mode {
        /// `-bm`: take a message.
        SEND,
        /// `-bp`, `mailq`: list the queue.
        LIST,
        /// `-bs`: speak SMTP.
        SMTP,
        /// `-bd`, `-bi`, `-q`, `newaliases`: what the server does by itself.
        NOTHING
    }

    /// What came of reading a command line.
    sealed interface Parsed {
        record Options(SendmailOptions options) implements Parsed {}

        /// @param reason for people
        record Wrong(String reason) implements Parsed {}
    }

    SendmailOptions {
        recipients = List.copyOf(recipients);
    }

    /// Reads the words behind the program's name.
    static Parsed parse(List<String> words) {
        if (words.size() > WORDS_MAX) {
            return new Parsed.Wrong("more than " + WORDS_MAX + " words");
        }
        return new Reader(words).read();
    }

    /// Confined to one thread.
    private static final class Reader {
        /// Letters without a value that change nothing here.
        private static final String READ_OVER = "GUcmnsx";

        /// Letters whose value changes nothing here.
        private static final String READ_OVER_WITH_VALUE = "hLMXp";

        /// Letters whose value, if any, is joined to them.
        private static final String JOINED = "Adeoq";

        private final List<String> words;
        private int next;
        private String problem = "";
        private Mode mode = Mode.SEND;
        private boolean takesHeader;
        private boolean ignoresDots;
        private Optional<String> sender = Optional.empty();
        private String fullName = "";
        private BodyType bodyType = BodyType.SEVEN_BIT;
        private DsnReturn dsnReturn = DsnReturn.UNSPECIFIED;
        private String envelopeId = "";
        private Notify notice = Notify.DEFAULT;
        private boolean isVerbose;
        private Optional<Path> config = Optional.empty();
        private final List<String> recipients = new ArrayList<>();

        Reader(List<String> words) {
            this.words = words;
        }

        Parsed read() {
            boolean isBehindOptions = false;
            while (next < words.size() && problem.isEmpty()) {
                String word = words.get(next++);
                if (isBehindOptions || !word.startsWith("-") || word.length() == 1) {
                    recipients.add(word);
                } else if (word.equals("--")) {
                    isBehindOptions = true;
                } else {
                    readLetters(word);
                }
            }
            if (!problem.isEmpty()) {
                return new Parsed.Wrong(problem);
            }
            var parameters = new MailParameters(bodyType, false, dsnReturn, envelopeId);
            return new Parsed.Options(
                    new SendmailOptions(
                            mode,
                            takesHeader,
                            ignoresDots,
                            sender,
                            fullName,
                            parameters,
                            notice,
                            isVerbose,
                            config,
                            recipients));
        }

        private void readLetters(String word) {
            for (int at = 1; at < word.length() && problem.isEmpty(); at++) {
                char letter = word.charAt(at);
                String joined = word.substring(at + 1);
                if (JOINED.indexOf(letter) >= 0) {
                    readJoined(letter, joined);
                    return;
                }
                if (!readFlag(letter)) {
                    readValued(letter, joined);
                    return;
                }
            }
        }

        private void readJoined(char letter, String value) {
            // "-oi" and "-o i"; Sendmail's long names of options come by -O.
            ignoresDots |= letter == 'o' && value.startsWith("i");
            if (letter == 'q' && mode == Mode.SEND) {
                mode = Mode.NOTHING;
            }
        }

        /// Whether it is a letter without a value.
        private boolean readFlag(char letter) {
            switch (letter) {
                case 't' -> takesHeader = true;
                case 'i' -> ignoresDots = true;
                case 'v' -> isVerbose = true;
                case 'I' -> mode = Mode.NOTHING;
                default -> {
                    return READ_OVER.indexOf(letter) >= 0;
                }
            }
            return true;
        }

        private void readValued(char letter, String joined) {
            if ("bfrFNRVBOC".indexOf(letter) < 0 && READ_OVER_WITH_VALUE.indexOf(letter) < 0) {
                problem = "unknown option -" + letter;
                return;
            }
            String value = joined;
            if (joined.isEmpty()) {
                if (next == words.size()) {
                    problem = "option -" + letter + " needs a value";
                    return;
                }
                value = words.get(next++);
            }
            take(letter, value);
        }

        private void take(char letter, String value) {
            switch (letter) {
                case 'b' -> readMode(value);
                case 'f', 'r' -> sender = Optional.of(withoutBrackets(value));
                case 'F' -> fullName = value;
                case 'N' ->
                        EnvelopeFields.notice(value)
                                .ifPresentOrElse(it -> notice = it, () -> wrong(letter, value));
                case 'R' ->
                        EnvelopeFields.dsnReturn(value)
                                .ifPresentOrElse(it -> dsnReturn = it, () -> wrong(letter, value));
                case 'V' ->
                        EnvelopeFields.envelopeId(value)
                                .ifPresentOrElse(it -> envelopeId = it, () -> wrong(letter, value));
                case 'B' ->
                        EnvelopeFields.bodyType(value)
                                .ifPresentOrElse(it -> bodyType = it, () -> wrong(letter, value));
                case 'C' -> readConfig(value);
                case 'O' -> ignoresDots |= value.equalsIgnoreCase("IgnoreDots=true");
                default -> {}
            }
        }

        private void wrong(char letter, String value) {
            problem = "bad value of option -" + letter + ": " + value;
        }

        private void readMode(String value) {
            switch (value) {
                case "m" -> mode = Mode.SEND;
                case "p" -> mode = Mode.LIST;
                case "s" -> mode = Mode.SMTP;
                case "d", "D", "i" -> mode = Mode.NOTHING;
                default ->
                        problem =
                                "-b"
                                        + value
                                        + " is not among what Whimbrel does (-bm, -bp, -bs, -bi,"
                                        + " -bd)";
            }
        }

        private void readConfig(String value) {
            try {
                config = Optional.of(Path.of(value));
            } catch (InvalidPathException _) {
                wrong('C', value);
            }
        }

        private static String withoutBrackets(String value) {
            return value.startsWith("<") && value.endsWith(">")
                    ? value.substring(1, value.length() - 1)
                    : value;
        }
    }
}
