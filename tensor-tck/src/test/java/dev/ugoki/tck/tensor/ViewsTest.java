package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

@ExtendWith(OnReference.class)
final class ViewsTest {
    @Test
    void viewsShareTheMemory() {
        Tensor x = Tensor.arange(DType.I32, 24).reshape(2, 3, 4);

        assertSame(storage(x), storage(x.permute(2, 0, 1)));
        assertSame(storage(x), storage(x.slice(1, 0, 3, 2).flip(2)));
        assertSame(storage(x), storage(x.slice(0, 1, 2).expand(5, 3, 4)));
        assertSame(storage(x), storage(x.reshape(6, 4)));
        assertNotSame(storage(x), storage(x.transpose(0, 1).contiguous()));
    }

    @Test
    void reshapeOfAStridedViewCopiesOnlyWhereItMust() {
        Tensor x = Tensor.arange(DType.I32, 24).reshape(2, 3, 4);
        Tensor everySecond = x.slice(2, 0, 4, 2);
        Tensor swapped = x.transpose(0, 1);

        assertSame(storage(x), storage(everySecond.reshape(6, 2)));
        assertSame(storage(x), storage(everySecond.reshape(12)));
        assertSame(storage(x), storage(everySecond.reshape(2, 1, 3, 2, 1)));
        assertSame(storage(x), storage(swapped.reshape(3, 2, 2, 2)));
        assertNotSame(storage(x), storage(swapped.reshape(6, 4)));
        assertSame(storage(x), storage(x.slice(0, 1, 2).reshape(12)));
        Tensor repeated = x.slice(0, 0, 1).expand(5, 3, 4);
        assertSame(storage(x), storage(repeated.reshape(5, 12)));
        assertNotSame(storage(x), storage(repeated.reshape(15, 4)));
        Tensor flipped = x.flip(0, 1, 2);
        assertSame(storage(x), storage(flipped.reshape(24)));
    }

    @Test
    void aTensorWithoutElementsTakesAnyShapeWithoutElements() {
        Tensor empty = Tensor.zeros(DType.F32, 3, 0, 2).transpose(0, 2);

        assertEquals(Shape.of(2, 0, 3), empty.shape());
        assertEquals(Shape.of(0, 7), empty.reshape(0, 7).shape());
        assertEquals(0, empty.flip(0, 1, 2).contiguous().toFloatArray().length);
    }

    /** Chains of views and reshapes, against arrays that are copied at every step. */
    @Test
    void anyChainOfViewsHasTheElementsOfCopies() {
        SplittableRandom random = new SplittableRandom(42);
        int views = 0;
        int copies = 0;
        for (int round = 0; round < 3000; round++) {
            Copied expected = Copied.first(randomShape(random));
            Tensor actual = Tensor.of(expected.elements, expected.extents);
            StringBuilder steps = new StringBuilder(actual.shape().toString());
            for (int step = 0; step < 5; step++) {
                Storage before = storage(actual);
                switch (random.nextInt(5)) {
                    case 0 -> {
                        int[] order = randomOrder(expected.extents.length, random);
                        actual = actual.permute(order);
                        expected = expected.permute(order);
                        steps.append(" permute").append(Arrays.toString(order));
                    }
                    case 1 -> {
                        int dim = random.nextInt(expected.extents.length);
                        long extent = expected.extents[dim];
                        long from = random.nextLong(extent + 1);
                        long by = random.nextLong(1, 4);
                        actual = actual.slice(dim, from, extent, by);
                        expected = expected.slice(dim, from, by);
                        steps.append(" slice").append(dim).append(' ').append(from);
                        steps.append(' ').append(by);
                    }
                    case 2 -> {
                        int dim = random.nextInt(expected.extents.length);
                        actual = actual.flip(dim);
                        expected = expected.flip(dim);
                        steps.append(" flip").append(dim);
                    }
                    case 3 -> {
                        int dim = random.nextInt(expected.extents.length);
                        if (expected.extents[dim] == 1) {
                            long[] extents = expected.extents.clone();
                            extents[dim] = 3;
                            actual = actual.expand(extents);
                            expected = expected.expand(dim, 3);
                            steps.append(" expand").append(dim);
                        }
                    }
                    default -> {
                        long[] extents = regrouped(expected.extents, random);
                        actual = actual.reshape(extents);
                        expected = new Copied(expected.elements, extents);
                        steps.append(" reshape").append(Arrays.toString(extents));
                        if (storage(actual) == before) {
                            views++;
                        } else {
                            copies++;
                        }
                    }
                }
            }
            assertEquals(Shape.of(expected.extents), actual.shape(), steps::toString);
            assertArrayEquals(expected.elements, actual.toLongArray(), steps::toString);
            assertArrayEquals(expected.elements, actual.copy().toLongArray(), steps::toString);
        }
        assertTrue(views > 500 && copies > 100, views + " views, " + copies + " copies");
    }

    private static Storage storage(Tensor tensor) {
        return ((Stored) tensor.payload()).storage();
    }

    private static long[] randomShape(SplittableRandom random) {
        return random.longs(random.nextInt(1, 5), 1, 5).toArray();
    }

    private static int[] randomOrder(int rank, SplittableRandom random) {
        int[] order = new int[rank];
        Arrays.setAll(order, i -> i);
        for (int i = rank - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[other];
            order[other] = swapped;
        }
        return order;
    }

    /** The same number of elements under other extents: neighbours joined, others divided. */
    private static long[] regrouped(long[] extents, SplittableRandom random) {
        List<Long> groups = new ArrayList<>();
        for (long extent : extents) {
            if (!groups.isEmpty() && random.nextInt(3) == 0) {
                groups.add(groups.removeLast() * extent);
            } else {
                groups.add(extent);
            }
            long last = groups.getLast();
            if (last > 2 && last % 2 == 0 && random.nextBoolean()) {
                groups.removeLast();
                groups.add(2L);
                groups.add(last / 2);
            }
            if (random.nextInt(6) == 0) {
                groups.add(1L);
            }
        }
        while (groups.size() > 6) {
            groups.add(groups.removeLast() * groups.removeLast());
        }
        return groups.stream().mapToLong(Long::longValue).toArray();
    }

    /** Row-major elements; every operation makes new ones. */
    private static final class Copied {
        final long[] elements;
        final long[] extents;

        Copied(long[] elements, long[] extents) {
            this.elements = elements;
            this.extents = extents;
        }

        static Copied first(long[] extents) {
            long[] elements = new long[(int) Shape.of(extents).elementCount()];
            Arrays.setAll(elements, i -> i);
            return new Copied(elements, extents);
        }

        private interface Source {
            long[] of(long[] index);
        }

        private Copied from(long[] newExtents, Source source) {
            long[] made = new long[(int) Shape.of(newExtents).elementCount()];
            long[] index = new long[newExtents.length];
            for (int i = 0; i < made.length; i++) {
                int rest = i;
                for (int dim = index.length - 1; dim >= 0; dim--) {
                    index[dim] = rest % newExtents[dim];
                    rest /= (int) newExtents[dim];
                }
                long number = 0;
                long[] from = source.of(index.clone());
                for (int dim = 0; dim < from.length; dim++) {
                    number = number * extents[dim] + from[dim];
                }
                made[i] = elements[(int) number];
            }
            return new Copied(made, newExtents);
        }

        Copied permute(int[] order) {
            long[] newExtents = new long[order.length];
            Arrays.setAll(newExtents, dim -> extents[order[dim]]);
            return from(
                    newExtents,
                    index -> {
                        long[] from = new long[index.length];
                        for (int dim = 0; dim < from.length; dim++) {
                            from[order[dim]] = index[dim];
                        }
                        return from;
                    });
        }

        Copied slice(int dim, long start, long step) {
            long[] newExtents = extents.clone();
            newExtents[dim] = (extents[dim] - start + step - 1) / step;
            return from(
                    newExtents,
                    index -> {
                        index[dim] = start + index[dim] * step;
                        return index;
                    });
        }

        Copied flip(int dim) {
            return from(
                    extents,
                    index -> {
                        index[dim] = extents[dim] - 1 - index[dim];
                        return index;
                    });
        }

        Copied expand(int dim, long extent) {
            long[] newExtents = extents.clone();
            newExtents[dim] = extent;
            return from(
                    newExtents,
                    index -> {
                        index[dim] = 0;
                        return index;
                    });
        }
    }
}
