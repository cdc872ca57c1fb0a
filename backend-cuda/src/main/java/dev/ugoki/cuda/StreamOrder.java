package dev.ugoki.cuda;

import dev.ugoki.tensor.spi.Storage;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Who last wrote and read each block of memory: a stream that touches what another has touched
 * waits for that by an event. It goes by addresses, so a block that was given back and handed out
 * again is guarded too, and nothing need be pinned while the device works.
 */
final class StreamOrder {
    /** So many operations of a lane. */
    private record Moment(Lane lane, long operations) {}

    private static final class Uses {
        @Nullable Moment written;
        final List<Moment> read = new ArrayList<>(2);
    }

    private final ConcurrentHashMap<Long, Uses> blocks = new ConcurrentHashMap<>();

    /** Lets the lane wait until it may read. */
    void beforeRead(Lane lane, Storage storage) {
        Uses uses = blocks.get(storage.address());
        if (uses != null) {
            synchronized (uses) {
                waitFor(lane, uses.written);
            }
        }
    }

    /** Lets the lane wait until it may write. */
    void beforeWrite(Lane lane, Storage storage) {
        Uses uses = blocks.get(storage.address());
        if (uses != null) {
            synchronized (uses) {
                waitFor(lane, uses.written);
                uses.read.forEach(moment -> waitFor(lane, moment));
            }
        }
    }

    private static void waitFor(Lane lane, @Nullable Moment moment) {
        if (moment != null) {
            lane.waitFor(moment.lane(), moment.operations());
        }
    }

    /** Notes that the lane's newest operation reads. */
    void afterRead(Lane lane, Storage storage) {
        Uses uses = blocks.computeIfAbsent(storage.address(), _ -> new Uses());
        synchronized (uses) {
            uses.read.removeIf(moment -> moment.lane() == lane);
            uses.read.add(new Moment(lane, lane.operations()));
        }
    }

    /** Notes that the lane's newest operation writes. */
    void afterWrite(Lane lane, Storage storage) {
        Uses uses = blocks.computeIfAbsent(storage.address(), _ -> new Uses());
        synchronized (uses) {
            uses.written = new Moment(lane, lane.operations());
            uses.read.clear();
        }
    }

    /** Forgets memory that went back to the system. */
    void forget(long address) {
        blocks.remove(address);
    }
}
