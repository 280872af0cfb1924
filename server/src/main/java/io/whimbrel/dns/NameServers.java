package io.whimbrel.dns;

import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SimpleResolver;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// The servers that are asked, in turn, beginning with the one that answered last. Thread-safe.
///
/// By UDP with EDNS, by TCP where the answer is cut short, without EDNS where a server cannot read
/// it. Each server is asked twice at most; an answer is one with NOERROR or NXDOMAIN.
final class NameServers {
    private static final int ROUNDS = 2;

    /// What passes every network in one piece.
    private static final int UDP_PAYLOAD_BYTES = 1_232;

    private static final int WITHOUT_EDNS = -1;

    private final List<Server> servers = new ArrayList<>();
    private volatile int preferred;

    /// One server, asked in two ways.
    private record Server(String name, SimpleResolver withEdns, SimpleResolver plain) {}

    NameServers(DnsSettings settings) {
        List<InetSocketAddress> addresses =
                settings.servers().isEmpty()
                        ? ResolverConfig.getCurrentConfig().servers()
                        : settings.servers();
        for (InetSocketAddress address : addresses) {
            SimpleResolver withEdns = resolver(address, settings);
            withEdns.setEDNS(0, UDP_PAYLOAD_BYTES, 0, List.of());
            SimpleResolver plain = resolver(address, settings);
            plain.setEDNS(WITHOUT_EDNS);
            servers.add(new Server(described(address), withEdns, plain));
        }
    }

    List<String> names() {
        return servers.stream().map(Server::name).toList();
    }

    /// What came of one question.
    sealed interface Response {
        record Answered(Message message) implements Response {}

        /// @param isUnreachable not one server sent anything
        record Failed(String text, boolean isUnreachable) implements Response {}
    }

    /// Asks until a server answers; blocks, and gives up when the thread is interrupted.
    Response ask(Name name, int type) {
        var question = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        String trouble = "no name server is configured";
        boolean isUnreachable = true;
        for (int i = 0; i < ROUNDS * servers.size(); i++) {
            int index = (preferred + i) % servers.size();
            Server server = servers.get(index);
            try {
                Message answer = send(server, question);
                int code = answer.getRcode();
                if (code == Rcode.NOERROR || code == Rcode.NXDOMAIN) {
                    preferred = index;
                    return new Response.Answered(answer);
                }
                trouble = server.name() + " answered " + Rcode.string(code);
                isUnreachable = false;
            } catch (IOException e) {
                trouble = server.name() + ": " + described(e);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return new Response.Failed("the lookup was interrupted", false);
            }
        }
        return new Response.Failed(trouble, isUnreachable);
    }

    private static Message send(Server server, Message question)
            throws IOException, InterruptedException {
        Message answer = await(server.withEdns().sendAsync(question).toCompletableFuture());
        int code = answer.getRcode();
        // RFC 6891 §7: servers from before EDNS.
        return code == Rcode.FORMERR || code == Rcode.NOTIMP
                ? await(server.plain().sendAsync(question).toCompletableFuture())
                : answer;
    }

    private static Message await(CompletableFuture<Message> answer)
            throws IOException, InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw cause instanceof IOException io ? io : new IOException(cause);
        }
    }

    private static SimpleResolver resolver(InetSocketAddress address, DnsSettings settings) {
        var resolver = new SimpleResolver(address);
        resolver.setTimeout(settings.timeout());
        return resolver;
    }

    private static String described(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    private static String described(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
