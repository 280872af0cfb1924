package io.whimbrel;

import picocli.CommandLine.IVersionProvider;

import java.util.Optional;

/// Which version this is, from the jar's manifest. Stateless.
final class Version implements IVersionProvider {

    /// `0.1.0-SNAPSHOT`; `unpackaged` where the classes do not come from the jar.
    static String text() {
        return Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"whimbrel " + text()};
    }
}
