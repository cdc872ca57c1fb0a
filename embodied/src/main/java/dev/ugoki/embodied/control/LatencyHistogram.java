package dev.ugoki.embodied.control;

/**
 * Counts of durations in nanoseconds: exact below 64, and above within one part in 64, up to
 * centuries. Recording allocates nothing. Belongs to one thread at a time.
 */
public final class LatencyHistogram {
    private static final int FINE_BITS = 6;
    private static final int FINE = 1 << FINE_BITS;

    private final long[] counts = new long[(Long.SIZE - FINE_BITS) * FINE];
    private long count;
    private long largest;

    /** Counts of nothing. */
    public LatencyHistogram() {}

    /** Adds a duration; a negative one counts as 0. */
    public void record(long nanos) {
        long value = Math.max(0, nanos);
        counts[bucket(value)]++;
        count++;
        largest = Math.max(largest, value);
    }

    /** The first 64 hold one number each; then 64 for each power of two. */
    private static int bucket(long value) {
        int magnitude = Long.SIZE - 1 - Long.numberOfLeadingZeros(value | FINE - 1) - FINE_BITS + 1;
        return (magnitude << FINE_BITS)
                + (int) (value >>> Math.max(0, magnitude - 1))
                - (magnitude == 0 ? 0 : FINE);
    }

    /** The least value of a bucket. */
    private static long floor(int bucket) {
        int magnitude = bucket >>> FINE_BITS;
        long within = bucket & FINE - 1;
        return magnitude == 0 ? within : FINE + within << magnitude - 1;
    }

    /** How many durations there are. */
    public long count() {
        return count;
    }

    /** The longest; 0 if there is none. */
    public long max() {
        return largest;
    }

    /**
     * The duration that so many percent do not exceed, rounded up to its bucket's end.
     *
     * @param percent from 0 to 100
     * @throws IllegalStateException if there is none
     */
    public long percentile(double percent) {
        if (count == 0) {
            throw new IllegalStateException("nothing has been recorded");
        }
        long wanted = Math.max(1, (long) Math.ceil(count * percent / 100));
        long seen = 0;
        for (int bucket = 0; bucket < counts.length; bucket++) {
            seen += counts[bucket];
            if (seen >= wanted) {
                long end = bucket + 1 < counts.length ? floor(bucket + 1) - 1 : Long.MAX_VALUE;
                return Math.min(largest, end);
            }
        }
        return largest;
    }

    /** How many durations lie from {@code from} up to before {@code to}, to a bucket's width. */
    public long countBetween(long from, long to) {
        long found = 0;
        for (int bucket = 0; bucket < counts.length; bucket++) {
            long least = floor(bucket);
            found += least >= from && least < to ? counts[bucket] : 0;
        }
        return found;
    }
}
