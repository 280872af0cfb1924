package io.whimbrel.egress;

import java.net.InetAddress;
import java.util.Optional;

/// An address that mail leaves from, and the name said there. Immutable.
///
/// @param name what operators call it; `""` for the unnamed source of a node without `[[source]]`
/// @param address what connections are bound to; empty lets the system choose
/// @param ehloName said in EHLO
public record SourceAddress(String name, Optional<InetAddress> address, String ehloName) {}
