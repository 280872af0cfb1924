package io.whimbrel.reception;

import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.smtp.ByteSink;

/// One message while it arrives: its bytes go to the store untouched, watched for size, hops and
/// campaign. Confined to one thread.
///
/// Past the size limit bytes are counted and dropped, so that a client that goes on sending costs
/// no memory and no disk.
final class IncomingMail implements ByteSink, AutoCloseable {
    private final MailStore.Body body;
    private final InTransaction transaction;
    private final Client client;
    private final ArrivingBodies.Claim claim;
    private final HeaderScanner header;
    private long size;

    IncomingMail(
            MailStore.Body body,
            InTransaction transaction,
            Client client,
            ArrivingBodies.Claim claim) {
        this.body = body;
        this.claim = claim;
        this.transaction = transaction;
        this.client = client;
        this.header = new HeaderScanner(client.terms().settings().campaignHeader());
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        size += length;
        if (!isTooLarge()) {
            claim.grow(size);
            header.scan(bytes, from, length);
            body.write(bytes, from, length);
        }
    }

    boolean isTooLarge() {
        return size > client.terms().limits().messageBytesMax();
    }

    /// Octets from the client so far, our Received field not included.
    long size() {
        return size;
    }

    HeaderScanner header() {
        return header;
    }

    MailStore.Body body() {
        return body;
    }

    InTransaction transaction() {
        return transaction;
    }

    Client client() {
        return client;
    }

    @Override
    public void close() {
        body.close();
    }
}
