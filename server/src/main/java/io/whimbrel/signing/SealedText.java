package io.whimbrel.signing;

import io.whimbrel.dkim.HeaderField;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/// The text of a field of ARC that is signed: tags in the order of their names, as others write
/// them, so that the signature stands among them. Confined to one thread.
final class SealedText {
    private final FoldedText head;
    private final String tail;

    /// @param name of the field, with its colon
    /// @param tags behind `b`; in the order of their names
    /// @param names value of tag `h`; of none there is no such tag
    SealedText(String name, Map<String, String> tags, List<String> names) {
        head = new FoldedText(name).tag("a", "rsa-sha256");
        head.open("b");
        var rest = new FoldedText("");
        boolean isListed = names.isEmpty();
        for (Map.Entry<String, String> tag : tags.entrySet()) {
            if (!isListed && tag.getKey().compareTo("h") > 0) {
                rest.list("h", names);
                isListed = true;
            }
            rest.tag(tag.getKey(), tag.getValue());
        }
        // dkimpy finds an instance where a space stands before its tag, and where a tab does it
        // ends with an error.
        String text = rest.text().stripLeading().replace('\t', ' ');
        // The value of `b` ends its line wherever that is: the rest looks the same in any case.
        tail = ";\r\n " + text.substring(0, text.length() - 1);
    }

    /// The field as it is: while it is not signed, with `b` empty.
    HeaderField field() {
        return HeaderField.of((head.text() + tail).getBytes(StandardCharsets.US_ASCII));
    }

    /// From here on the field has its signature.
    ///
    /// @param lineMost length of its lines; a seal covers these folds
    void sign(byte[] signature, int lineMost) {
        head.close(Base64.getEncoder().encodeToString(signature), lineMost);
    }
}
