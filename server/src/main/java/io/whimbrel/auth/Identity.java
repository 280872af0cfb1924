package io.whimbrel.auth;

/// Who a client proved to be. Immutable.
///
/// @param user the name in the users file, or in the token
/// @param tenant whose mail the user sends; `""` where a token named none
/// @param mechanism the word behind AUTH
/// @param mayControl whether header fields of the user's messages may control their delivery
public record Identity(String user, String tenant, String mechanism, boolean mayControl) {}
