package io.whimbrel.verification;

/// What SPF says about one client and one identity. Immutable.
///
/// @param isHelo the identity is the name after HELO or EHLO, for the reverse-path is null
/// @param identity what was checked: an address or a name, as the peer gave it
/// @param domain whose policy it is; lower case; `""` where the identity has none
/// @param explanation of a failure, in the words of the domain: 0..512 printable US-ASCII
///   characters, which are a stranger's and prove nothing (RFC 7208 §11.5)
/// @param cause the term of the policy that decided, such as `-all`; or what is wrong with it; `""`
///   where there is nothing to say
public record SpfVerdict(
        SpfResult result,
        boolean isHelo,
        String identity,
        String domain,
        String explanation,
        String cause) {}
