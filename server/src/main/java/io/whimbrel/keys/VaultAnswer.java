package io.whimbrel.keys;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.Optional;

/// What Vault says to a question for a secret of an engine KV v2. Immutable.
sealed interface VaultAnswer {
    JsonMapper MAPPER = JsonMapper.builder().build();

    /// Of what Vault says itself.
    int SAID_MAX = 200;

    /// The field's text.
    record Found(String text) implements VaultAnswer {
        @Override
        public String toString() {
            return "found";
        }
    }

    /// There is no such key, or not any more: what was known before must not be used on.
    ///
    /// @param reason with the remedy
    record Gone(String reason) implements VaultAnswer {}

    /// It cannot be said now, or not to us.
    ///
    /// @param reason with the remedy
    record Failed(String reason) implements VaultAnswer {}

    /// Never throws, and shows nothing of a secret.
    ///
    /// @param status of HTTP
    /// @param body of the answer
    static VaultAnswer read(KeyPlace.Vault place, int status, byte[] body) {
        JsonNode root = json(body).orElse(MAPPER.missingNode());
        return switch (status) {
            case 200 -> found(place, root);
            case 404 -> missing(place, root);
            case 301, 302, 307, 308 ->
                    new Failed(
                            "it sends us to another node (HTTP "
                                    + status
                                    + "), where the token must not follow; write the active node"
                                    + " or a balancer into vault.address");
            case 400 ->
                    new Failed(
                            "it does not take the question (HTTP 400"
                                    + said(root)
                                    + "); check vault.namespace and the path");
            case 401, 403 ->
                    new Failed(
                            "permission denied (HTTP "
                                    + status
                                    + "); the token in vault.token-file has expired or its policy"
                                    + " lacks: path \""
                                    + place.mount()
                                    + "/data/"
                                    + place.path()
                                    + "\" { capabilities = [\"read\"] }");
            case 429 -> new Failed("it takes no more questions now (HTTP 429)");
            case 503 -> new Failed("it is sealed or down (HTTP 503" + said(root) + "); unseal it");
            default -> new Failed("HTTP " + status + said(root));
        };
    }

    private static Optional<JsonNode> json(byte[] body) {
        try {
            return Optional.ofNullable(MAPPER.readTree(body));
        } catch (JacksonException _) {
            return Optional.empty();
        }
    }

    private static VaultAnswer found(KeyPlace.Vault place, JsonNode root) {
        JsonNode data = root.path("data");
        if (!data.isObject()) {
            return new Failed("its answer is not Vault's; check vault.address");
        }
        JsonNode fields = data.path("data");
        if (data.path("metadata").path("destroyed").booleanValue(false)
                || (fields.isNull() && data.has("metadata"))) {
            return deleted(data.path("metadata"));
        }
        if (!fields.isObject() || !data.path("metadata").isObject()) {
            return new Failed(
                    "engine "
                            + place.mount()
                            + " is no KV of version 2; run: vault kv enable-versioning "
                            + place.mount());
        }
        JsonNode field = fields.path(place.field());
        if (field.isMissingNode()) {
            return new Gone(
                    "the secret has no field \""
                            + place.field()
                            + "\"; add it: vault kv patch"
                            + shown(place)
                            + " "
                            + place.field()
                            + "=@key.pem");
        }
        return field.isString() && !field.stringValue().isBlank()
                ? new Found(field.stringValue())
                : new Gone("field \"" + place.field() + "\" holds no text");
    }

    /// A version that was deleted is told by 404 with its metadata.
    private static VaultAnswer missing(KeyPlace.Vault place, JsonNode root) {
        JsonNode metadata = root.path("data").path("metadata");
        if (metadata.isObject()) {
            return deleted(metadata);
        }
        return new Gone(
                "there is no such secret (HTTP 404); look with: vault kv get"
                        + shown(place)
                        + (place.path().startsWith("data/")
                                ? "; the path is written without data/"
                                : ""));
    }

    private static VaultAnswer deleted(JsonNode metadata) {
        int version = metadata.path("version").intValue(0);
        return metadata.path("destroyed").booleanValue(false)
                ? new Gone("version " + version + " is destroyed; write a new one: vault kv put")
                : new Gone(
                        "version "
                                + version
                                + " is deleted; bring it back with: vault kv undelete -versions="
                                + version);
    }

    private static String shown(KeyPlace.Vault place) {
        return " -mount=" + place.mount() + " " + place.path();
    }

    /// The first of its `errors`, printable and short.
    private static String said(JsonNode root) {
        String text = root.path("errors").path(0).stringValue("");
        String line = text.replaceAll("[^\\x20-\\x7e]+", " ").strip();
        if (line.isEmpty()) {
            return "";
        }
        return ": " + (line.length() > SAID_MAX ? line.substring(0, SAID_MAX) + "..." : line);
    }
}
