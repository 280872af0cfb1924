package io.whimbrel.mail;

/// The ESMTP parameters of MAIL that follow a message to its next hop. Immutable.
///
/// @param bodyType BODY (RFC 6152)
/// @param smtpUtf8 SMTPUTF8 (RFC 6531 §3.4)
/// @param dsnReturn RET (RFC 3461 §4.3)
/// @param envelopeId ENVID (RFC 3461 §4.4) as given, still xtext-encoded; `""` where absent
/// @param tls REQUIRETLS (RFC 8689), or what the header said in its place
public record MailParameters(
        BodyType bodyType,
        boolean smtpUtf8,
        DsnReturn dsnReturn,
        String envelopeId,
        TlsRequirement tls) {

    /// Of a message that says nothing about TLS.
    public MailParameters(
            BodyType bodyType, boolean smtpUtf8, DsnReturn dsnReturn, String envelopeId) {
        this(bodyType, smtpUtf8, dsnReturn, envelopeId, TlsRequirement.UNSPECIFIED);
    }

    public static final MailParameters NONE =
            new MailParameters(BodyType.SEVEN_BIT, false, DsnReturn.UNSPECIFIED, "");

    public MailParameters withTls(TlsRequirement wanted) {
        return new MailParameters(bodyType, smtpUtf8, dsnReturn, envelopeId, wanted);
    }
}
