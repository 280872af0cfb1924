package io.whimbrel.mime;

/// What a [Survey] has found out about a message. Not changed any more: safe to share.
///
/// @param isConvertible whether a body has octets above 127 that a conversion makes others of
/// @param hasEightBitHeader whether the message's own header has some (RFC 6532). Those stay, for
///   only a host with SMTPUTF8 takes them: the caller decides
/// @param hasEightBitPartHeader whether the header of a part or of an enclosed message has some;
///   those stay as well
/// @param hasSignature whether it carries DKIM-Signature, ARC-Seal or ARC-Message-Signature, whose
///   body hash a conversion makes wrong: the caller decides
/// @param hasSignedPart whether 8-bit octets are within a multipart/signed (RFC 1847 §2.1), whose
///   signature a conversion breaks. What is encrypted or signed as one piece (multipart/encrypted,
///   application/pkcs7-mime) is not meant: its signature is inside, and only the wrapping changes
/// @param isIncomplete whether octets above 127 stay in a body: in parts of an encoding that nobody
///   knows, in message/partial and message/external-body, and beyond the 65,536th part
/// @param plan what becomes of each part; about a byte each
public record Findings(
        boolean isConvertible,
        boolean hasEightBitHeader,
        boolean hasEightBitPartHeader,
        boolean hasSignature,
        boolean hasSignedPart,
        boolean isIncomplete,
        Plan plan) {

    /// Whether no octet is above 127.
    public boolean isSevenBit() {
        return !isConvertible && becomesSevenBit();
    }

    /// Whether a conversion makes a signature wrong that was right.
    public boolean breaksSignature() {
        return isConvertible && (hasSignature || hasSignedPart);
    }

    /// Whether after a conversion no octet is above 127.
    public boolean becomesSevenBit() {
        return !hasEightBitHeader && !hasEightBitPartHeader && !isIncomplete;
    }
}
