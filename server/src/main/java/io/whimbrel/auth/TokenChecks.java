package io.whimbrel.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;

import org.jspecify.annotations.Nullable;

import java.security.Key;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Checks tokens of an identity provider: JSON Web Tokens (RFC 7519, RFC 9068) that were signed by
/// a key of a local file. No provider is ever asked: a token holds until it expires. Thread-safe.
///
/// Demanded are a signature by RSA or ECDSA (never `none`, never one that the public key itself
/// could make), the configured issuer and audience, an expiry, and the user's claim. Clocks may
/// differ by [#LEEWAY].
final class TokenChecks {
    static final Duration LEEWAY = Duration.ofSeconds(60);

    private static final Set<JWSAlgorithm> ALGORITHMS =
            Set.of(
                    JWSAlgorithm.RS256,
                    JWSAlgorithm.RS384,
                    JWSAlgorithm.RS512,
                    JWSAlgorithm.PS256,
                    JWSAlgorithm.PS384,
                    JWSAlgorithm.PS512,
                    JWSAlgorithm.ES256,
                    JWSAlgorithm.ES384,
                    JWSAlgorithm.ES512);

    /// RFC 9068 §2.1, and what others write.
    private static final Set<String> TYPES = Set.of("jwt", "at+jwt", "application/at+jwt");

    private final AuthSettings.Oauth settings;
    private final WatchedFile<JWKSet> keys;
    private final InstantSource clock;

    /// What came of a check. Immutable.
    sealed interface Verdict {

        /// @param user in NFKC
        /// @param tenant `""` where no claim is to name it
        /// @param expires with the leeway
        record Good(String user, String tenant, Instant expires) implements Verdict {}

        record Bad() implements Verdict {}

        /// The keys cannot be used.
        record Unavailable() implements Verdict {}
    }

    TokenChecks(AuthSettings.Oauth settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        keys = new WatchedFile<>(settings.keys(), TokenKeys.BYTES_MAX, TokenKeys::parse, clock);
    }

    /// @param user who the client says it is, in NFKC; the token must say the same
    Verdict check(Optional<String> user, String token) {
        Optional<JWKSet> known = keys.content();
        if (known.isEmpty()) {
            return new Verdict.Unavailable();
        }
        Optional<JWTClaimsSet> claims = claims(token, known.get());
        if (claims.isEmpty() || !holds(claims.get())) {
            return new Verdict.Bad();
        }
        Optional<String> named =
                claim(claims.get(), settings.userClaim())
                        .map(SaslText::normalized)
                        .filter(SaslText::isName);
        Optional<String> tenant =
                settings.tenantClaim().isEmpty()
                        ? Optional.of("")
                        : claim(claims.get(), settings.tenantClaim().get())
                                .filter(SaslText::isTenant);
        if (named.isEmpty() || tenant.isEmpty() || !named.equals(user.or(() -> named))) {
            return new Verdict.Bad();
        }
        Instant expires = claims.get().getExpirationTime().toInstant().plus(LEEWAY);
        return new Verdict.Good(named.get(), tenant.get(), expires);
    }

    /// Those of a token that was signed as demanded.
    private static Optional<JWTClaimsSet> claims(String token, JWKSet keys) {
        var processor = new DefaultJWTProcessor<SecurityContext>();
        // Ours follow, with the node's clock.
        processor.setJWTClaimsSetVerifier((_, _) -> {});
        processor.setJWSTypeVerifier((type, _) -> checkType(Optional.ofNullable(type)));
        processor.setJWSKeySelector((header, _) -> candidates(header, keys));
        try {
            return Optional.of(processor.process(token, new SecurityContext() {}));
        } catch (ParseException | BadJOSEException | JOSEException | RuntimeException _) {
            // A token is a stranger's: whatever the library makes of it, it is not to be trusted.
            return Optional.empty();
        }
    }

    /// Tokens made for something else, such as logout tokens, say so in their type.
    private static void checkType(Optional<JOSEObjectType> type) throws BadJOSEException {
        String name = type.map(JOSEObjectType::getType).orElse("JWT").toLowerCase(Locale.ROOT);
        if (!TYPES.contains(name)) {
            throw new BadJOSEException("a token of another type");
        }
    }

    /// The keys that may have signed; those without a name of their own may be any.
    private static List<Key> candidates(JWSHeader header, JWKSet keys) {
        List<Key> candidates = new ArrayList<>();
        for (JWK key : keys.getKeys()) {
            if (key instanceof AsymmetricJWK pair && fits(header, key)) {
                try {
                    candidates.add(pair.toPublicKey());
                } catch (JOSEException _) {
                    // A key that is none signs nothing.
                }
            }
        }
        return candidates;
    }

    private static boolean fits(JWSHeader header, JWK key) {
        JWSAlgorithm algorithm = header.getAlgorithm();
        boolean isItsKind =
                switch (key) {
                    case RSAKey _ -> JWSAlgorithm.Family.RSA.contains(algorithm);
                    case ECKey ec ->
                            JWSAlgorithm.Family.EC.contains(algorithm)
                                    && Curve.forJWSAlgorithm(algorithm).contains(ec.getCurve());
                    default -> false;
                };
        return ALGORITHMS.contains(algorithm)
                && isItsKind
                && isUnsetOr(key.getKeyUse(), KeyUse.SIGNATURE)
                && isUnsetOr(key.getAlgorithm(), algorithm)
                && (header.getKeyID() == null || isUnsetOr(key.getKeyID(), header.getKeyID()));
    }

    private static boolean isUnsetOr(@Nullable Object value, Object wanted) {
        return value == null || value.equals(wanted);
    }

    private boolean holds(JWTClaimsSet claims) {
        Instant now = clock.instant();
        Date expires = claims.getExpirationTime();
        Date begins = claims.getNotBeforeTime();
        return settings.issuer().equals(claims.getIssuer())
                && claims.getAudience().contains(settings.audience())
                && expires != null
                && expires.toInstant().plus(LEEWAY).isAfter(now)
                && (begins == null || !begins.toInstant().minus(LEEWAY).isAfter(now));
    }

    private static Optional<String> claim(JWTClaimsSet claims, String name) {
        return claims.getClaim(name) instanceof String text ? Optional.of(text) : Optional.empty();
    }

    /// What clients are told about a bad token (RFC 7628 §3.2.2): nothing about why.
    String complaint(boolean isRfc) {
        String issuer = escaped(settings.issuer());
        String slash = issuer.endsWith("/") ? "" : "/";
        return isRfc
                ? "{\"status\":\"invalid_token\",\"openid-configuration\":\""
                        + issuer
                        + slash
                        + ".well-known/openid-configuration\"}"
                : "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"\"}";
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
