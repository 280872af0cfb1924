package io.whimbrel.verification;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file of mail-auth: texts of the DNS in lines of name, space, text; an empty line; a message.
record SignedFile(ZoneLookups zone, byte[] message) {

    static SignedFile read(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1).replace("\r\n", "\n");
        var zone = new ZoneLookups();
        int end = text.indexOf("\n\n");
        for (String line : text.substring(0, end).split("\n")) {
            String[] words = line.split(" +", 2);
            zone.withText(words[0], words[1]);
        }
        return new SignedFile(zone, TestFiles.crlf(text.substring(end + 2)));
    }
}
