package io.whimbrel.smtp;

/// Takes ranges of bytes in order. The array belongs to the caller and changes after the call.
@FunctionalInterface
public interface ByteSink {

    void write(byte[] bytes, int from, int length);
}
