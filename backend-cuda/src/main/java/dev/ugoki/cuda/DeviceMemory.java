package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.Driver;
import dev.ugoki.tensor.spi.MemoryPool;

import org.jspecify.annotations.Nullable;

import java.util.TreeMap;

/**
 * Where the pool's blocks come from: large ones each from the driver, small ones carved from
 * segments of 2 MiB, which go back when none of theirs is left. Where the driver has nothing left,
 * all blocks that the pool keeps for later are given back, and it is asked once more.
 */
final class DeviceMemory implements MemoryPool.Source {
    private static final long SEGMENT = 2 << 20;
    private static final long SMALL = 256 << 10;
    private static final long ALIGNMENT = 256;

    private final Driver driver;
    private final StreamOrder order;
    private final TreeMap<Long, Segment> segments = new TreeMap<>();
    private @Nullable MemoryPool pool;
    private @Nullable Segment open;

    private static final class Segment {
        final long address;
        long used;
        int blocks;

        Segment(long address) {
            this.address = address;
        }
    }

    DeviceMemory(Driver driver, StreamOrder order) {
        this.driver = driver;
        this.order = order;
    }

    /** The pool that keeps blocks for later. */
    void serves(MemoryPool keeper) {
        pool = keeper;
    }

    @Override
    public long allocate(long bytes) {
        driver.enter();
        return bytes <= SMALL ? small((bytes + ALIGNMENT - 1) & -ALIGNMENT) : large(bytes);
    }

    private long large(long bytes) {
        long address = driver.allocate(bytes);
        if (address == 0 && pool != null) {
            driver.synchronize();
            pool.trim();
            address = driver.allocate(bytes);
        }
        return address;
    }

    private long small(long bytes) {
        synchronized (segments) {
            if (open != null && open.used + bytes <= SEGMENT) {
                return carve(open, bytes);
            }
        }
        long address = large(SEGMENT);
        if (address == 0) {
            return 0;
        }
        synchronized (segments) {
            Segment segment = new Segment(address);
            segments.put(address, segment);
            open = segment;
            return carve(segment, bytes);
        }
    }

    private static long carve(Segment segment, long bytes) {
        long address = segment.address + segment.used;
        segment.used += bytes;
        segment.blocks++;
        return address;
    }

    @Override
    public void free(long address, long bytes) {
        driver.enter();
        order.forget(address);
        if (bytes > SMALL) {
            driver.free(address);
            return;
        }
        long empty = 0;
        synchronized (segments) {
            Segment segment = segments.floorEntry(address).getValue();
            if (--segment.blocks == 0) {
                segments.remove(segment.address);
                open = open == segment ? null : open;
                empty = segment.address;
            }
        }
        if (empty != 0) {
            driver.free(empty);
        }
    }
}
