package io.whimbrel.token;

/// A template is wrong: where, how, and what is allowed, for people.
public final class TemplateException extends Exception {
    private static final long serialVersionUID = 1;

    TemplateException(int column, String message) {
        super("column " + column + ": " + message);
    }
}
