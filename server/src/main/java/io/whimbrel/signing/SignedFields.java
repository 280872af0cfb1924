package io.whimbrel.signing;

import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.smtp.ByteSink;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/// The fields of a header that a signature covers (RFC 6376 §5.4). Pure.
final class SignedFields {
    private SignedFields() {}

    /// Names for tag `h`: each as often as it is there, once more where it is over-signed.
    ///
    /// @param wanted lower case, in the order that they are to have; a second time counts nothing
    static List<String> names(HeaderFields header, List<String> wanted, List<String> overSigned) {
        List<String> names = new ArrayList<>();
        for (String name : new LinkedHashSet<>(wanted)) {
            int count = header.named(name).size() + (overSigned.contains(name) ? 1 : 0);
            for (int i = 0; i < count; i++) {
                names.add(name);
            }
        }
        return names;
    }

    /// Writes them as a signature sees them.
    ///
    /// @param names those of [#names]: the same ones stand together
    static void write(ByteSink sink, HeaderFields header, List<String> names, boolean isRelaxed) {
        String last = "";
        int left = 0;
        for (String name : names) {
            List<HeaderField> fields = header.named(name);
            // The lowest field goes first (RFC 6376 §5.4.2).
            left = name.equals(last) ? left - 1 : fields.size() - 1;
            last = name;
            if (left >= 0) {
                Canonical.write(sink, fields.get(left), isRelaxed, true);
            }
        }
    }
}
