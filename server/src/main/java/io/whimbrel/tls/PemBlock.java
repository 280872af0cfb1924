package io.whimbrel.tls;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// One block of a PEM file (RFC 7468). Never shown: it may be a key.
///
/// @param label what stands behind BEGIN
record PemBlock(String label, byte[] der) {
    /// A chain of a few certificates is some 10 KB; a bundle of all public authorities 250 KB.
    static final int FILE_BYTES_MAX = 1 << 20;

    private static final int BLOCKS_MAX = 500;
    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";

    /// The blocks of a file, in order; what stands between them is a comment.
    ///
    /// @throws IOException where a block is damaged; says which, without its content
    static List<PemBlock> parse(String text) throws IOException {
        if (text.length() > FILE_BYTES_MAX) {
            throw new IOException("is longer than " + FILE_BYTES_MAX + " bytes");
        }
        var blocks = new ArrayList<PemBlock>();
        var body = new StringBuilder();
        String label = "";
        for (String raw : text.lines().toList()) {
            String line = raw.strip();
            if (line.startsWith(BEGIN) && line.endsWith(DASHES) && line.length() > BEGIN.length()) {
                if (!label.isEmpty()) {
                    throw new IOException("has a block without an END line");
                }
                label = labelOf(line, BEGIN);
                body.setLength(0);
            } else if (!label.isEmpty() && line.startsWith(END)) {
                if (!line.equals(END + label + DASHES)) {
                    throw new IOException("has an END line that does not fit its BEGIN line");
                }
                blocks.add(new PemBlock(label, decode(body.toString(), blocks.size() + 1)));
                label = "";
            } else if (!label.isEmpty()) {
                addLine(line, body);
            }
            if (blocks.size() > BLOCKS_MAX) {
                throw new IOException("has more than " + BLOCKS_MAX + " blocks");
            }
        }
        if (!label.isEmpty()) {
            throw new IOException("is cut off: its last block has no END line");
        }
        return blocks;
    }

    private static void addLine(String line, StringBuilder body) throws IOException {
        if (line.startsWith("Proc-Type:") && line.contains("ENCRYPTED")) {
            throw new IOException("is encrypted");
        }
        if (line.indexOf(':') < 0) {
            body.append(line);
        }
    }

    private static String labelOf(String line, String prefix) throws IOException {
        int end = line.length() - DASHES.length();
        String label = end > prefix.length() ? line.substring(prefix.length(), end) : "";
        if (label.isBlank()) {
            throw new IOException("has a BEGIN line without a label");
        }
        return label;
    }

    private static byte[] decode(String base64, int number) throws IOException {
        try {
            return Base64.getDecoder().decode(base64.replace(" ", "").replace("\t", ""));
        } catch (IllegalArgumentException _) {
            throw new IOException("is damaged: block " + number + " is not Base64");
        }
    }

    @Override
    public String toString() {
        return "PemBlock[" + label + "]";
    }
}
