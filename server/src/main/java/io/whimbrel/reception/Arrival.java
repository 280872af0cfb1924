package io.whimbrel.reception;

import io.whimbrel.reception.SessionState.InTransaction;

/// A message that is about to come: what is known before its first octet.
///
/// @param visit what its connection takes of quotas
/// @param claim of the memory of arriving bodies
record Arrival(InTransaction transaction, Client client, Visit visit, ArrivingBodies.Claim claim) {}
