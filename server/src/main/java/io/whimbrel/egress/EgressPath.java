package io.whimbrel.egress;

/// What a ready queue is for: mail that leaves by one pool for one site. Immutable. The source
/// address is chosen by each connection, so that a lost source never strands mail.
public record EgressPath(String pool, Site site) {

    @Override
    public String toString() {
        return pool + "/" + site;
    }
}
