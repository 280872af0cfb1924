package io.whimbrel.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.tls.ChannelBinding;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Optional;

/// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): both sides prove that they know the
/// password, or what is made of it, and nobody sends it.
///
/// The PLUS kind ties the proof to the TLS connection: somebody in between, with another
/// certificate, cannot pass it on. A client that could do so but was not offered it says so by a
/// flag; where we did offer it, somebody took it out of our reply (RFC 5802 §6).
final class ScramDialogue implements Dialogue {
    private static final int NONCE_CHARS_MAX = 512;

    private final Offer offer;
    private final String ownNonce;
    private State state = State.FIRST;
    private String gs2 = "";
    private Optional<ChannelBinding> binding = Optional.empty();
    private String user = "";
    private String nonce = "";
    private String firstBare = "";
    private String serverFirst = "";
    private Optional<Verifier.Scram> keys = Optional.empty();

    private enum State {
        FIRST,
        CLAIMED,
        FINAL,
        /// Our proof is with the client.
        ACKNOWLEDGE,
        OVER
    }

    /// What the client was offered.
    ///
    /// @param isPlus which of the two mechanisms this is
    /// @param isPlusOffered whether the other one was announced too
    /// @param bindings of the connection
    record Offer(boolean isPlus, boolean isPlusOffered, List<ChannelBinding> bindings) {}

    /// @param ownNonce random, printable, without comma
    ScramDialogue(Offer offer, String ownNonce) {
        this.offer = offer;
        this.ownNonce = ownNonce;
    }

    @Override
    public Turn begin() {
        return new Turn.Ask("");
    }

    @Override
    public Turn receive(String message) {
        State now = state;
        state = State.OVER;
        return switch (now) {
            case FIRST -> first(message);
            case FINAL -> last(message);
            case ACKNOWLEDGE ->
                    message.isEmpty()
                            ? new Turn.Proven(user)
                            : malformed("the last answer must be empty");
            case CLAIMED, OVER -> throw new IllegalStateException("not the client's turn");
        };
    }

    /// `n,,n=user,r=nonce`: gs2-header, then client-first-message-bare (RFC 5802 §7).
    private Turn first(String message) {
        int flagEnd = message.indexOf(',');
        int headerEnd = flagEnd < 0 ? -1 : message.indexOf(',', flagEnd + 1);
        if (headerEnd < 0) {
            return malformed("no gs2-header");
        }
        gs2 = message.substring(0, headerEnd + 1);
        firstBare = message.substring(headerEnd + 1);
        String[] attributes = firstBare.split(",", -1);
        if (attributes.length < 2
                || !attributes[0].startsWith("n=")
                || !attributes[1].startsWith("r=")) {
            return malformed("client-first-message must be n=user,r=nonce");
        }
        Optional<String> name = name(attributes[0].substring(2));
        String actsFor = message.substring(flagEnd + 1, headerEnd);
        nonce = attributes[1].substring(2);
        if (name.isEmpty() || !isNonce(nonce) || !isAuthzid(actsFor)) {
            return malformed("bad user name or nonce");
        }
        user = SaslText.normalized(name.get());
        boolean isOwn = actsFor.isEmpty() || name(actsFor.substring(2)).equals(name);
        if (!isOwn || !SaslText.isName(user)) {
            return new Turn.Disproven(user, Failure.CREDENTIALS);
        }
        return bound(message.substring(0, flagEnd));
    }

    private static boolean isAuthzid(String text) {
        return text.isEmpty() || (text.startsWith("a=") && name(text.substring(2)).isPresent());
    }

    /// Judges the channel binding flag: `n`, `y` or `p=type`.
    private Turn bound(String flag) {
        if (!flag.equals("n") && !flag.equals("y") && !flag.startsWith("p=")) {
            return malformed("unknown channel binding flag");
        }
        boolean isBound = flag.startsWith("p=");
        if (isBound != offer.isPlus) {
            return malformed("the channel binding flag does not fit the mechanism");
        }
        if (flag.equals("y") && offer.isPlusOffered) {
            return new Turn.Disproven(user, Failure.BINDING);
        }
        if (isBound) {
            String type = flag.substring(2);
            binding = offer.bindings.stream().filter(it -> it.type().equals(type)).findFirst();
            if (binding.isEmpty()) {
                return new Turn.Disproven(user, Failure.BINDING);
            }
        }
        state = State.CLAIMED;
        return new Turn.Claimed(user);
    }

    /// Goes on after [Turn.Claimed], with the keys of that user, or invented ones.
    Turn with(Verifier.Scram userKeys) {
        if (state != State.CLAIMED) {
            throw new IllegalStateException("nobody claimed anything");
        }
        keys = Optional.of(userKeys);
        nonce = nonce + ownNonce;
        serverFirst = "r=" + nonce + ",s=" + userKeys.salt() + ",i=" + userKeys.iterations();
        state = State.FINAL;
        return new Turn.Ask(serverFirst);
    }

    /// What [#with] was given.
    Optional<Verifier.Scram> keys() {
        return keys;
    }

    /// `c=binding,r=nonce,p=proof`.
    private Turn last(String message) {
        int proofAt = message.lastIndexOf(",p=");
        Optional<byte[]> proof =
                proofAt < 0
                        ? Optional.empty()
                        : SaslText.decode(message.substring(proofAt + 3))
                                .filter(it -> it.length == Hashes.OCTETS);
        String[] attributes = message.split(",", -1);
        if (proof.isEmpty()
                || attributes.length < 3
                || !attributes[0].startsWith("c=")
                || !attributes[1].startsWith("r=")) {
            return malformed("client-final-message must be c=binding,r=nonce,p=proof");
        }
        if (!attributes[0].equals("c=" + SaslText.encode(channel()))) {
            return new Turn.Disproven(user, Failure.BINDING);
        }
        if (!attributes[1].equals("r=" + nonce)) {
            return new Turn.Disproven(user, Failure.CREDENTIALS);
        }
        return proved(message.substring(0, proofAt), proof.get());
    }

    /// What the client must have taken for its channel: gs2-header and binding data.
    private byte[] channel() {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(gs2.getBytes(UTF_8));
        binding.ifPresent(it -> bytes.writeBytes(it.data()));
        return bytes.toByteArray();
    }

    private Turn proved(String finalWithoutProof, byte[] proof) {
        Verifier.Scram known = keys.orElseThrow();
        String authMessage = firstBare + "," + serverFirst + "," + finalWithoutProof;
        byte[] signature = Hashes.hmac(known.storedKeyBytes(), authMessage);
        byte[] clientKey = Hashes.xor(proof, signature);
        if (!SaslText.isEqual(Hashes.sha256(clientKey), known.storedKeyBytes())) {
            return new Turn.Disproven(user, Failure.CREDENTIALS);
        }
        state = State.ACKNOWLEDGE;
        byte[] serverSignature = Hashes.hmac(known.serverKeyBytes(), authMessage);
        return new Turn.Ask("v=" + SaslText.encode(serverSignature));
    }

    private static Turn malformed(String complaint) {
        return new Turn.Malformed("SCRAM: " + complaint + " (RFC 5802)");
    }

    /// A saslname: `=2C` is a comma, `=3D` an equals sign, and neither stands for itself. Empty
    /// where it is none.
    private static Optional<String> name(String text) {
        String unescaped = text.replace("=2C", ",");
        boolean isGood = !unescaped.replace("=3D", "").contains("=") && text.indexOf(0) < 0;
        return isGood && !text.isEmpty()
                ? Optional.of(unescaped.replace("=3D", "="))
                : Optional.empty();
    }

    private static boolean isNonce(String text) {
        return !text.isEmpty()
                && text.length() <= NONCE_CHARS_MAX
                && text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ',');
    }
}
