package io.whimbrel.smtp;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Makes lines that look enough like commands to get deep into a parser.
public final class RandomLines {
    private static final String[] PIECES = {
        "EHLO ",
        "HELO ",
        "MAIL FROM:",
        "RCPT TO:",
        "DATA",
        "BDAT ",
        "RSET",
        "NOOP",
        "VRFY ",
        "QUIT",
        "HELP",
        " LAST",
        "<",
        ">",
        "@",
        "a",
        "b.example",
        "\"",
        "\\",
        "[",
        "]",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
        "postmaster",
        "<a@b.example>",
        " ",
        ":",
        ",",
        "@x.example:",
        ".",
        "-",
        " SIZE=10",
        " BODY=8BITMIME",
        " SMTPUTF8",
        " RET=HDRS",
        " ENVID=a+2B",
        " NOTIFY=NEVER",
        " ORCPT=rfc822;a",
        "=",
        "ö",
        "用户",
        "😀",
        "\t",
        "\u0001",
        "0",
        "17",
        "%",
        "!"
    };

    private RandomLines() {}

    /// A line of up to a dozen pieces, without CRLF; now and then with a byte that is none of
    /// UTF-8.
    public static byte[] next(Random random) {
        var line = new ByteArrayOutputStream();
        int pieces = 1 + random.nextInt(12);
        for (int i = 0; i < pieces; i++) {
            if (random.nextInt(50) == 0) {
                line.write(random.nextInt(256));
            } else {
                String piece = PIECES[random.nextInt(PIECES.length)];
                line.writeBytes(piece.getBytes(StandardCharsets.UTF_8));
            }
        }
        return line.toByteArray();
    }
}
