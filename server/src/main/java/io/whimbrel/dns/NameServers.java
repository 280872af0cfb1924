package io.whimbrel.dns;

import io.whimbrel.dns.DnsAnswer.Cause;
import io.whimbrel.dns.DnsSettings.Dnssec;

import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/// The servers that are asked, in the order of the configuration. Thread-safe.
///
/// By UDP with EDNS, by TCP where the answer is cut short, without EDNS where a server cannot read
/// it. An answer is one with NOERROR or NXDOMAIN that is no referral. Each server is asked once,
/// and once more if it was silent. One that was silent comes last for [#REST]; then one question
/// tries it again. While all rest, each is asked once.
///
/// Where DNSSEC counts, those that are not trusted to validate are not asked if there are others:
/// whoever can make a resolver silent would otherwise choose the one that believes everything.
final class NameServers {
    static final Duration REST = Duration.ofMinutes(1);

    /// What passes every network in one piece.
    private static final int UDP_PAYLOAD_BYTES = 1_232;

    private static final int WITHOUT_EDNS = -1;
    private static final long AWAKE = Long.MIN_VALUE;

    private final InstantSource clock;
    private final Duration timeout;
    private final boolean isValidated;
    private final List<Server> servers;

    /// All that servers sent so far.
    private final AtomicLong answers = new AtomicLong();

    /// One server, asked in two ways.
    ///
    /// @param restsUntil Unix time in milliseconds; [#AWAKE] where it answered last time
    private record Server(
            String name,
            boolean isTrusted,
            SimpleResolver withEdns,
            SimpleResolver plain,
            AtomicLong restsUntil) {

        /// Whether it comes last; when its rest is over, no for the one who asks first.
        boolean rests(Instant now) {
            long until = restsUntil.get();
            long millis = now.toEpochMilli();
            return until != AWAKE
                    && (millis < until
                            || !restsUntil.compareAndSet(until, millis + REST.toMillis()));
        }
    }

    NameServers(DnsSettings settings, InstantSource clock) {
        this.clock = clock;
        this.timeout = settings.timeout();
        this.isValidated = settings.dnssec() == Dnssec.AD;
        List<InetSocketAddress> addresses =
                settings.servers().isEmpty() ? ofTheSystem() : settings.servers();
        List<Server> all = addresses.stream().map(it -> server(it, settings)).toList();
        List<Server> trusted = all.stream().filter(Server::isTrusted).toList();
        this.servers = isValidated && !trusted.isEmpty() ? trusted : all;
    }

    /// As they are now: what was read at first would hold until the process ends.
    private static List<InetSocketAddress> ofTheSystem() {
        ResolverConfig.refresh();
        return ResolverConfig.getCurrentConfig().servers();
    }

    private Server server(InetSocketAddress address, DnsSettings settings) {
        SimpleResolver withEdns = new SimpleResolver(address);
        withEdns.setTimeout(timeout);
        withEdns.setEDNS(0, UDP_PAYLOAD_BYTES, isValidated ? ExtendedFlags.DO : 0, List.of());
        SimpleResolver plain = new SimpleResolver(address);
        plain.setTimeout(timeout);
        plain.setEDNS(WITHOUT_EDNS);
        return new Server(
                described(address),
                isValidated && settings.isTrusted(address.getAddress()),
                withEdns,
                plain,
                new AtomicLong(AWAKE));
    }

    /// Those that are asked.
    List<String> names() {
        return servers.stream().map(Server::name).toList();
    }

    /// The longest that one question can take.
    Duration longest() {
        return timeout.multipliedBy(2L * Math.max(1, servers.size()));
    }

    /// What came of one question.
    sealed interface Response {
        /// @param isSecure a server that is trusted with it has validated all of it
        record Answered(Message message, boolean isSecure) implements Response {}

        record Failed(String text, Cause cause) implements Response {}
    }

    /// Asks until a server answers; blocks, and gives up when the thread is interrupted.
    Response ask(Name name, int type) {
        var question = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        if (isValidated) {
            // RFC 6840 §5.7: so is asked for validation where EDNS cannot be.
            question.getHeader().setFlag(Flags.AD);
        }
        String trouble = "no name server is configured";
        Cause cause = Cause.UNREACHABLE;
        long answersBefore = answers.get();
        List<Server> order = order();
        // It grows: those that were silent, for a second try.
        for (int i = 0, firsts = order.size(); i < order.size(); i++) {
            Server server = order.get(i);
            try {
                Message answer = send(server, question);
                server.restsUntil().set(AWAKE);
                answers.incrementAndGet();
                int code = answer.getRcode();
                boolean isSaid = code == Rcode.NXDOMAIN || code == Rcode.NOERROR;
                if (isSaid && !isReferral(answer)) {
                    boolean isSecure = server.isTrusted() && answer.getHeader().getFlag(Flags.AD);
                    return new Response.Answered(answer, isSecure);
                }
                trouble = server.name() + " answered " + described(answer);
                cause = Cause.REFUSAL;
            } catch (IOException e) {
                trouble = cause == Cause.REFUSAL ? trouble : server.name() + ": " + described(e);
                long until = clock.instant().plus(REST).toEpochMilli();
                if (server.restsUntil().getAndSet(until) == AWAKE && i < firsts) {
                    order.add(server);
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return new Response.Failed("the lookup was interrupted", Cause.UNASKED);
            }
        }
        // A name whose own servers are dead keeps a good resolver silent as well.
        boolean isOther = cause == Cause.UNREACHABLE && answers.get() != answersBefore;
        return new Response.Failed(trouble, isOther ? Cause.SILENCE : cause);
    }

    private List<Server> order() {
        Instant now = clock.instant();
        List<Server> order = new ArrayList<>();
        List<Server> last = new ArrayList<>();
        for (Server server : servers) {
            (server.rests(now) ? last : order).add(server);
        }
        order.addAll(last);
        return order;
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

    /// RFC 2308 §2.2: without records and SOA, but with name servers, it says nothing about the
    /// name. Taken for "nothing is there" it would return the mail of every domain.
    private static boolean isReferral(Message answer) {
        return answer.getRcode() == Rcode.NOERROR
                && answer.getSection(Section.ANSWER).isEmpty()
                && has(answer, Type.NS)
                && !has(answer, Type.SOA);
    }

    private static boolean has(Message answer, int type) {
        for (Record record : answer.getSection(Section.AUTHORITY)) {
            if (record.getType() == type) {
                return true;
            }
        }
        return false;
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

    private static String described(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    /// The code, and what the server says beside it (RFC 8914), `SERVFAIL (DNSSEC Bogus)`.
    private static String described(Message answer) {
        if (isReferral(answer)) {
            return "with a referral, as no resolver does";
        }
        String code = Rcode.string(answer.getRcode());
        OPTRecord edns = answer.getOPT();
        if (edns == null) {
            return code;
        }
        for (EDNSOption option : edns.getOptions()) {
            if (option instanceof ExtendedErrorCodeOption error) {
                return code + " (" + ExtendedErrorCodeOption.text(error.getErrorCode()) + ")";
            }
        }
        return code;
    }

    private static String described(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
