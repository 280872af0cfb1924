package io.whimbrel.shaping;

/// What one message or connection is, to limits and actions. Immutable. `""` stands for what is not
/// known or not so: a connection has no tenant, a route's site has no provider.
///
/// @param source name of the source address
/// @param pool name of the pool
/// @param provider name of the mailbox provider
/// @param site name of the site
/// @param domain of the recipients, in lower case
/// @param tenant whose mail
/// @param campaign of the tenant
/// @param profile how warm the source is
public record Flow(
        String source,
        String pool,
        String provider,
        String site,
        String domain,
        String tenant,
        String campaign,
        String profile) {

    public static final Flow NONE = new Flow("", "", "", "", "", "", "", "");

    public String value(Dimension dimension) {
        return switch (dimension) {
            case SOURCE -> source;
            case POOL -> pool;
            case PROVIDER -> provider;
            case SITE -> site;
            case DOMAIN -> domain;
            case TENANT -> tenant;
            case CAMPAIGN -> campaign;
            case PROFILE -> profile;
        };
    }

    /// The same, leaving by `name`, which is as warm as `warmth` says.
    public Flow from(String name, String warmth) {
        return new Flow(name, pool, provider, site, domain, tenant, campaign, warmth);
    }

    /// The same mail of a tenant's campaign for a domain.
    public Flow carrying(String forDomain, String ofTenant, String ofCampaign) {
        return new Flow(source, pool, provider, site, forDomain, ofTenant, ofCampaign, profile);
    }
}
