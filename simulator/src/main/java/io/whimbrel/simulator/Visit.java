package io.whimbrel.simulator;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/// What a provider knows about one connection and its open transaction. Confined to the thread of
/// the connection.
final class Visit {
    private final InetAddress client;
    private final String token;
    private final List<ConnectionSlots> slots = new ArrayList<>(1);
    private final List<String> recipients = new ArrayList<>(1);
    private String reversePath = "";
    private String recipient = "";
    private int messages;

    Visit(InetAddress client, long number) {
        this.client = client;
        this.token = Long.toString(number, Character.MAX_RADIX);
    }

    InetAddress client() {
        return client;
    }

    String clientIp() {
        return client.getHostAddress();
    }

    String token() {
        return token;
    }

    void beginTransaction(String from) {
        endTransaction();
        reversePath = from;
    }

    void endTransaction() {
        reversePath = "";
        recipient = "";
        recipients.clear();
    }

    String reversePath() {
        return reversePath;
    }

    /// The recipient that is being judged, or was last.
    String recipient() {
        return recipient;
    }

    void judging(String address) {
        recipient = address;
    }

    void admit(String address) {
        recipients.add(address);
    }

    /// The accepted recipients of the open transaction.
    List<String> recipients() {
        return recipients;
    }

    void messageAccepted() {
        messages++;
    }

    /// Messages accepted over this connection.
    int messages() {
        return messages;
    }

    boolean holds(ConnectionSlots limit) {
        return slots.contains(limit);
    }

    void hold(ConnectionSlots limit) {
        slots.add(limit);
    }

    /// Gives back what this connection occupies, once it is closed.
    void leave() {
        for (ConnectionSlots limit : slots) {
            limit.release(this);
        }
        slots.clear();
    }
}
