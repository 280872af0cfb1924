package io.whimbrel.mime;

/// A message or a part of one, as its header says. Confined to one thread; unchanging once its
/// header is read.
final class Entity {

    /// In the order of the message, from 0.
    final int number;

    /// Whether its header is that of a message: the whole, or one that is enclosed.
    final boolean isMessage;

    /// Whether a multipart/signed is around it.
    final boolean isWithinSigned;

    /// What it is where it does not say.
    private final ContentType byDefault;

    private boolean hasContentType;
    private boolean hasMimeVersion;
    private ContentType type;
    private TransferEncoding encoding = TransferEncoding.NONE;
    private boolean hasEncoding;

    Entity(int number, boolean isMessage, boolean isWithinSigned, ContentType byDefault) {
        this.number = number;
        this.isMessage = isMessage;
        this.isWithinSigned = isWithinSigned;
        this.byDefault = byDefault;
        this.type = byDefault;
    }

    /// The first field of a name counts, as most readers have it.
    void learn(FieldName name, String value) {
        switch (name) {
            case CONTENT_TYPE -> {
                if (!hasContentType) {
                    ContentType said = ContentType.parse(value);
                    type = said.type().isEmpty() ? byDefault : said;
                    hasContentType = true;
                }
            }
            case CONTENT_TRANSFER_ENCODING -> {
                if (!hasEncoding) {
                    encoding = TransferEncoding.parse(value);
                    hasEncoding = true;
                }
            }
            case MIME_VERSION -> hasMimeVersion = true;
            case SIGNATURE, OTHER -> {}
        }
    }

    ContentType type() {
        return type;
    }

    TransferEncoding encoding() {
        return encoding;
    }

    boolean hasContentType() {
        return hasContentType;
    }

    boolean hasMimeVersion() {
        return hasMimeVersion;
    }

    /// Whether messages or parts are inside that are to be looked at.
    boolean isComposite() {
        return type.isMultipart() || (type.isMessage() && encoding.isIdentity());
    }
}
