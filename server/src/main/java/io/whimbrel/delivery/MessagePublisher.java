package io.whimbrel.delivery;

import io.whimbrel.mail.BodySource;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.nio.ByteBuffer;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/// The body of a message as the HTTP client wants it. A body that cannot be read ends the request
/// as an error, so that half a message is never taken for the whole: that is why it is not an input
/// stream. Each subscription begins anew.
final class MessagePublisher implements BodyPublisher {
    private final Supplier<BodySource> bodies;

    MessagePublisher(Supplier<BodySource> bodies) {
        this.bodies = bodies;
    }

    /// Not told before: it goes out in chunks.
    @Override
    public long contentLength() {
        return -1;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
        subscriber.onSubscribe(new Parts(subscriber, bodies.get()));
    }

    /// Hands on as many parts as were asked for; whoever asks first, does it for all.
    private static final class Parts implements Flow.Subscription {
        private final Flow.Subscriber<? super ByteBuffer> subscriber;
        private final BodySource body;
        private final AtomicLong wanted = new AtomicLong();
        private volatile boolean hasEnded;

        Parts(Flow.Subscriber<? super ByteBuffer> subscriber, BodySource body) {
            this.subscriber = subscriber;
            this.body = body;
        }

        @Override
        public void request(long count) {
            if (count <= 0) {
                hasEnded = true;
                subscriber.onError(new IllegalArgumentException("asked for " + count));
                return;
            }
            // Only the one that finds nobody at work goes to work.
            if (wanted.getAndUpdate(it -> it > Long.MAX_VALUE - count ? Long.MAX_VALUE : it + count)
                    == 0) {
                handOn();
            }
        }

        private void handOn() {
            do {
                if (hasEnded) {
                    return;
                }
                try {
                    byte[] part = body.nextPart();
                    if (part.length == 0) {
                        hasEnded = true;
                        subscriber.onComplete();
                        return;
                    }
                    subscriber.onNext(ByteBuffer.wrap(part));
                } catch (IOException e) {
                    hasEnded = true;
                    subscriber.onError(e);
                    return;
                }
            } while (wanted.decrementAndGet() > 0);
        }

        @Override
        public void cancel() {
            hasEnded = true;
        }
    }
}
