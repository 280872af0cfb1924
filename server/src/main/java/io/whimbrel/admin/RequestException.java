package io.whimbrel.admin;

/// A request that cannot be carried out as it stands; the message tells its sender why.
final class RequestException extends Exception {

    RequestException(String message) {
        super(message);
    }
}
