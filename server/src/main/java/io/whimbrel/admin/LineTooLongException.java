package io.whimbrel.admin;

import java.io.IOException;

/// A line is longer than its reader allows.
final class LineTooLongException extends IOException {

    LineTooLongException(int bytesMax) {
        super("a line is longer than " + bytesMax + " bytes");
    }
}
