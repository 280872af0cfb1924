package io.whimbrel.tls;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/// Hashes of certificates that OpenSSL made; the hashes are Python's.
final class EndPointBindingTest {
    private static final String BY_SHA384 =
            "MIIBbTCCAROgAwIBAgIURD1m+uiKLCwimTZgI2+nVSB3KTAwCgYIKoZIzj0EAwMwDDEKMAgG"
                    + "A1UEAwwBYTAeFw0yNjExMjcxNTQ5MjlaFw0zNjExMjQxNTQ5MjlaMAwxCjAIBgNVBAMMAWEw"
                    + "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARqnHSawUMt/dkpOs/LLs6ayeIzIJQk/TIrldRS"
                    + "RFsQcWsyZltgE37+wiLSM5ST4peIGx/X2UGN97gVRdC91zuqo1MwUTAdBgNVHQ4EFgQURdX1"
                    + "KiR6mgWbzOh+ybD4wyjYE9EwHwYDVR0jBBgwFoAURdX1KiR6mgWbzOh+ybD4wyjYE9EwDwYD"
                    + "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAwNIADBFAiEA4T6sfKlb4l+IFrlX5vALWCItttKK"
                    + "Ou3CBN8En2IGJncCIGA6UOhPmjq5CYl/HRfg+anysZ907AbFCOk8SF9lxQT4";

    private static final String BY_PSS_SHA512 =
            "MIICXDCCAZGgAwIBAgIULsGLKSkCMY2oWV/7fAD9AycNnO8wQQYJKoZIhvcNAQEKMDSgDzAN"
                    + "BglghkgBZQMEAgMFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgMFAKIDAgEgMAwxCjAI"
                    + "BgNVBAMMAWEwHhcNMjYxMTI3MTU0OTMwWhcNMzYxMTI0MTU0OTMwWjAMMQowCAYDVQQDDAFh"
                    + "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC28E0Zp5wDV6vg4fypcWyMPTL30JjWx42B"
                    + "a4knVsA6a682VdEEU1A6EzFx+HWzZAFyEPCcAl2WjMJ2U5P0H4rQ2BdGj2vgIv8u73C7Dltx"
                    + "ANY0FmXn5PwoT1SV9hlrVE0Xfy02lUGzzjsZXeKGrNEx4VAdwOtzABnvye+ztEDSLwIDAQAB"
                    + "o1MwUTAdBgNVHQ4EFgQUSaLrzkNI2Tvl12+yHfiVsk3NWawwHwYDVR0jBBgwFoAUSaLrzkNI"
                    + "2Tvl12+yHfiVsk3NWawwDwYDVR0TAQH/BAUwAwEB/zBBBgkqhkiG9w0BAQowNKAPMA0GCWCG"
                    + "SAFlAwQCAwUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAwUAogMCASADgYEAC+wiVbNW"
                    + "v3T2bIHd2UUuYOl/7Bku+h5+qSN0maJZK5YM9lxAgKwVzxLgyQya570DGoM7Xx0q+xmdTFAY"
                    + "2Q95GQZuh2kZJ0ZVwJaI9QS9/3QrGludvKDE5eolNzG23O5Z83y0DllPDBnKFfcAkaF6e1Kz"
                    + "vMSUQ/x4oYlozFU4iVc=";

    private static final String BY_SHA1 =
            "MIIBazCCARKgAwIBAgIUE3lLba5xwzmNKYjskToEzhzdJckwCQYHKoZIzj0EATAMMQowCAYD"
                    + "VQQDDAFhMB4XDTI2MTEyNzE1NDkzMFoXDTM2MTEyNDE1NDkzMFowDDEKMAgGA1UEAwwBYTBZ"
                    + "MBMGByqGSM49AgEGCCqGSM49AwEHA0IABPX6GvkDn1TVwhwe5C23vlAWyqGD2l4LCeB6FeRA"
                    + "v2BczW1kD/Wwyi+a0UiR2rWEoL9zvK8R2zRwwyt9cghBQ56jUzBRMB0GA1UdDgQWBBTdv0Qa"
                    + "qVv74Yph2bgAzVuDDM8JaTAfBgNVHSMEGDAWgBTdv0QaqVv74Yph2bgAzVuDDM8JaTAPBgNV"
                    + "HRMBAf8EBTADAQH/MAkGByqGSM49BAEDSAAwRQIhAM/IJ72vInQ17OZBnjOuU6wyo4JhhTVg"
                    + "lXminRx39ykSAiAfSZcp9wNolPRkOEsUNjSohTT4EeHPSk8ZPdcd28Q8Lg==";

    private static final String BY_ED25519 =
            "MIIBLDCB36ADAgECAhQbnIhZ9PCHHtg54RycvjNiEWF+eDAFBgMrZXAwDDEKMAgGA1UEAwwB"
                    + "YTAeFw0yNjExMjcxNTQ5MjlaFw0zNjExMjQxNTQ5MjlaMAwxCjAIBgNVBAMMAWEwKjAFBgMr"
                    + "ZXADIQDaV4CZxwB+S0c8xMrwASuuXXP++29ON82nt8h+gJx4OqNTMFEwHQYDVR0OBBYEFOBZ"
                    + "kSViAebTWXU3fk+KR5suq4BwMB8GA1UdIwQYMBaAFOBZkSViAebTWXU3fk+KR5suq4BwMA8G"
                    + "A1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAnKiEelm14w2xosfxAsApkW80ms1p4jt/myrpICN+"
                    + "6GY1OqISYy3WV0yAMPy3dCyWKJHTWkc1YVFhdlh5Kl9UCQ==";

    private static Optional<String> hash(String base64) throws CertificateException {
        byte[] der = Base64.getDecoder().decode(base64);
        var certificate =
                (X509Certificate)
                        CertificateFactory.getInstance("X.509")
                                .generateCertificate(new ByteArrayInputStream(der));
        return EndPointBinding.of(certificate).map(it -> HexFormat.of().formatHex(it.data()));
    }

    @Test
    void certificate_isHashedAsItWasSigned_neverBySha1() throws CertificateException {
        assertThat(hash(BY_SHA384))
                .contains(
                        "7d9fc987b3e736c3de886b27e5f626fe791b286f51125c6015403622d5420948393a2588"
                                + "84b350e76d60fd792def037e");
        assertThat(hash(BY_PSS_SHA512))
                .contains(
                        "2b12f8dce0bff4a3d1395a3058d087f913d32caad5c481cba45222fc9b75de6cc7de22b6"
                                + "54d732247c05900bd4aec1b29dfc562597bce62b972eb0e59c9dba1e");
        assertThat(hash(BY_SHA1))
                .contains("1849162640a1e9ec42c2e1e4cc6286fc5a31db1e4761d64258a2940a0544f9db");
    }

    @Test
    void certificate_withoutAHashOfItsSignature_hasNoBinding() throws CertificateException {
        assertThat(hash(BY_ED25519)).isEmpty();
    }
}
