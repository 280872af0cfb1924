package io.whimbrel.reception;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.TenantSettings.Limits;
import io.whimbrel.policy.TenantSettings.TenantQuotas;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// A tenant, put together line by line. Confined to one thread.
final class TenantTerms {
    private final String name;
    private final List<DomainPattern> fromDomains = new ArrayList<>();
    private final List<Rate> messages = new ArrayList<>();
    private final List<Rate> recipients = new ArrayList<>();
    private final List<Rate> bytes = new ArrayList<>();
    private final List<PriorityClass> classes = new ArrayList<>();
    private final List<Network> networks = new ArrayList<>();
    private final List<String> certificates = new ArrayList<>();
    private Optional<String> pool = Optional.empty();
    private OptionalLong messageMax = OptionalLong.empty();
    private OptionalInt recipientsMax = OptionalInt.empty();
    private OptionalInt connectionsMax = OptionalInt.empty();
    private Optional<Duration> expire = Optional.empty();
    private boolean mayControl;

    TenantTerms(String name) {
        this.name = name;
    }

    /// @param words as `[[tenant]]` has them: `from-domains shop.example`, `quota 3/h`
    TenantTerms add(String... words) {
        switch (words[0]) {
            case "from-domains" -> fromDomains.add(DomainPattern.parse(words[1]).orElseThrow());
            case "quota" -> messages.add(Rate.parse(words[1]).orElseThrow());
            case "quota-recipients" -> recipients.add(Rate.parse(words[1]).orElseThrow());
            case "quota-bytes" -> bytes.add(Rate.parse(words[1]).orElseThrow());
            case "class" -> classes.add(PriorityClass.valueOf(words[1].toUpperCase(Locale.ROOT)));
            case "network" -> networks.add(Network.parse(words[1]).orElseThrow());
            case "certificate" -> certificates.add(words[1]);
            case "pool" -> pool = Optional.of(words[1]);
            case "max-message" -> messageMax = OptionalLong.of(Long.parseLong(words[1]));
            case "max-recipients" -> recipientsMax = OptionalInt.of(Integer.parseInt(words[1]));
            case "max-connections" -> connectionsMax = OptionalInt.of(Integer.parseInt(words[1]));
            case "expire" -> expire = Optional.of(Duration.ofSeconds(Long.parseLong(words[1])));
            case "tenant-control" -> mayControl = true;
            default -> throw new AssertionError("what is this: " + String.join(" ", words));
        }
        return this;
    }

    TenantSettings settings() {
        return new TenantSettings(
                name,
                fromDomains,
                List.of(),
                pool,
                new TenantQuotas(messages, recipients, bytes),
                new Limits(messageMax, recipientsMax, connectionsMax),
                Optional.empty(),
                classes,
                Optional.empty(),
                Optional.empty(),
                mayControl,
                networks,
                certificates,
                expire);
    }
}
