package io.whimbrel.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// TLS of a listener: its certificates, and the handshake with clients (RFC 3207, RFC 8314).
/// Thread-safe.
///
/// TLS 1.2 and 1.3 with forward secrecy and AEAD only; our order of suites; no compression, no
/// early data, and no client negotiates twice. Sessions are resumed by tickets for two hours, as
/// long as the certificate is the same, over reloads too.
public final class ServerTls {
    private final ServerTlsSettings settings;
    private final TlsProvider provider;
    private final InstantSource clock;
    private final RecordBuffers buffers = new RecordBuffers();
    private volatile TlsContexts contexts;

    /// As the files were when they were last loaded. Guarded by this.
    private List<Optional<FileStamp>> stamps;

    /// Of the last reload, empty where it did not fail. Guarded by this.
    private String lastFailure = "";

    private ServerTls(ServerTlsSettings settings, TlsProvider provider, InstantSource clock)
            throws IOException {
        this.settings = settings;
        this.provider = provider;
        this.clock = clock;
        this.stamps = stamps(settings);
        this.contexts = read(new TlsContexts(List.of()));
    }

    /// Reads certificates and keys.
    ///
    /// @throws IOException where one cannot be used; the message names file and remedy
    public static ServerTls load(ServerTlsSettings settings, InstantSource clock)
            throws IOException {
        return load(settings, TlsProvider.preferred(), clock);
    }

    /// The same with a provider that is not the preferred one.
    public static ServerTls load(
            ServerTlsSettings settings, TlsProvider provider, InstantSource clock)
            throws IOException {
        return new ServerTls(settings, provider, clock);
    }

    public ServerTlsSettings settings() {
        return settings;
    }

    /// What an operator should know although it works: expired, readable by everybody, and such.
    public List<String> warnings() {
        var warnings = new ArrayList<String>();
        for (TlsContext context : contexts.all()) {
            warnings.addAll(context.certificate().warnings(clock.instant()));
        }
        return warnings;
    }

    /// When the first of the certificates in force expires.
    public Instant expires() {
        Instant first = Instant.MAX;
        for (TlsContext context : contexts.all()) {
            Instant end = context.certificate().expires();
            first = end.isBefore(first) ? end : first;
        }
        return first;
    }

    /// Reads the files again where one of them is another than it was: cheap otherwise. Sessions
    /// that began keep what they began with.
    public synchronized TlsReload reloadIfChanged() {
        List<Optional<FileStamp>> now = stamps(settings);
        if (now.equals(stamps) && lastFailure.isEmpty()) {
            return new TlsReload.Unchanged();
        }
        try {
            contexts = read(contexts);
            stamps = now;
            lastFailure = "";
            return new TlsReload.Reloaded(warnings());
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            boolean isNew = !message.equals(lastFailure);
            lastFailure = message;
            return new TlsReload.Failed(message, isNew);
        }
    }

    /// Shakes hands over a pair of plain streams; waits for the client. What is not done in time
    /// ends by closing them from another thread.
    ///
    /// @throws IOException where it fails; nothing is to be said in plain text after that
    public TlsStream handshake(InputStream in, OutputStream out) throws IOException {
        return TlsStream.open(in, out, contexts, buffers);
    }

    private TlsContexts read(TlsContexts before) throws IOException {
        ClientTrust trust = ClientTrust.load(settings);
        var all = new ArrayList<TlsContext>();
        for (CertificateFiles files : settings.certificates()) {
            ServerCertificate certificate = ServerCertificate.load(files);
            // The same context goes on, for with another one no session could be resumed.
            Optional<TlsContext> same = before.of(certificate, trust);
            all.add(
                    same.isPresent()
                            ? same.get()
                            : new TlsContext(certificate, trust, settings, provider));
        }
        return new TlsContexts(all);
    }

    private static List<Optional<FileStamp>> stamps(ServerTlsSettings settings) {
        var files = new ArrayList<Path>();
        for (CertificateFiles one : settings.certificates()) {
            files.add(one.certificate());
            files.add(one.key());
        }
        settings.clientCa().ifPresent(files::add);
        return files.stream().map(FileStamp::of).toList();
    }
}
