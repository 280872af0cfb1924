package io.whimbrel.tls;

import java.nio.file.Path;

/// Where a certificate and its key are, in PEM. Immutable.
///
/// @param certificate the server's own, then those that issued it, in order
/// @param key PKCS #8, PKCS #1 or SEC 1, without a passphrase
public record CertificateFiles(Path certificate, Path key) {}
