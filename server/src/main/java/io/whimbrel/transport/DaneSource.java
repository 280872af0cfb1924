package io.whimbrel.transport;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TlsaRecord;
import io.whimbrel.mail.DomainName;

import java.util.List;
import java.util.Optional;

/// Asks the DNS what DANE wants of a host. Thread-safe; blocks while the DNS is asked.
///
/// @param resolver whose word on DNSSEC counts
public record DaneSource(Resolver resolver) implements DaneAnswer.Source {

    @Override
    public DaneAnswer of(Optional<DomainName> domain, String host, int port) {
        DaneTarget target =
                domain.map(DomainName::value)
                        .map(name -> DaneTarget.of(host, port, name, resolver.mx(name)).sure())
                        .orElseGet(() -> DaneTarget.ofOperator(host, port));
        return switch (DaneRecords.find(resolver, target)) {
            case DaneRecords.NotUsed _ -> new DaneAnswer.None();
            case DaneRecords.Failed(String text) -> new DaneAnswer.Failed(text);
            case DaneRecords.Unusable unusable ->
                    new DaneAnswer.Unusable(texts(unusable.records()));
            case DaneRecords.Usable usable ->
                    new DaneAnswer.Usable(
                            (chain, now) -> DaneTrust.verify(chain, usable, now),
                            texts(usable.records()),
                            usable.baseDomain());
        };
    }

    private static List<String> texts(List<TlsaRecord> records) {
        return records.stream().map(TlsaRecord::toString).toList();
    }
}
