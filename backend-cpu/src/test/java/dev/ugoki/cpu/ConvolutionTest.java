package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Convolutions and their gradients, of many shapes, are what the reference says. */
final class ConvolutionTest {
    private static final Device REFERENCE = new Device("reference", 0);

    /** A convolution of an image by weights. */
    private record Case(List<Prim.Window> windows, int groups, long[] image, long[] weight) {
        TensorType result(DType dtype) {
            return TypeRules.inferOne(
                    new Prim.Conv(windows, groups),
                    new TensorType(dtype, Shape.of(image)),
                    new TensorType(dtype, Shape.of(weight)));
        }

        List<Prim> operations() {
            Shape spatial = Shape.of(Arrays.copyOfRange(image, 2, image.length));
            Shape kernel = Shape.of(Arrays.copyOfRange(weight, 2, weight.length));
            return List.of(
                    new Prim.Conv(windows, groups),
                    new Prim.ConvDataGrad(windows, groups, spatial),
                    new Prim.ConvFilterGrad(windows, groups, kernel));
        }

        /** The operands of an operation, on the current device. */
        Tensor[] operands(Prim op, DType dtype) {
            Shape y = result(DType.F32).shape();
            return switch (op) {
                case Prim.ConvDataGrad _ ->
                        new Tensor[] {random(1, y, dtype), random(2, Shape.of(weight), dtype)};
                case Prim.ConvFilterGrad _ ->
                        new Tensor[] {random(3, Shape.of(image), dtype), random(1, y, dtype)};
                default ->
                        new Tensor[] {
                            random(3, Shape.of(image), dtype), random(2, Shape.of(weight), dtype)
                        };
            };
        }

        /** How many products each element of a result is the sum of, at most. */
        double terms(Prim op) {
            double taps = 1;
            for (int d = 2; d < weight.length; d++) {
                taps *= weight[d];
            }
            return switch (op) {
                case Prim.ConvDataGrad _ -> taps * weight[0] / groups;
                case Prim.ConvFilterGrad _ ->
                        (double) result(DType.F32).shape().elementCount() / weight[0];
                default -> taps * weight[1];
            };
        }

        @Override
        public String toString() {
            return Arrays.toString(image)
                    + " by "
                    + Arrays.toString(weight)
                    + " "
                    + windows
                    + " in groups: "
                    + groups;
        }
    }

    private static Tensor random(long seed, Shape shape, DType dtype) {
        Random random = new Random(seed);
        float[] values = new float[(int) shape.elementCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return Tensor.of(values, shape.toArray()).cast(dtype);
    }

    /** Any shapes that have a result: all that the kernels distinguish is among them. */
    private static Case randomCase(Random random) {
        while (true) {
            int rank = 1 + random.nextInt(3);
            boolean depthwise = random.nextInt(5) == 0;
            int groups = depthwise ? 1 + random.nextInt(9) : 1 + random.nextInt(8) / 6;
            int channels = depthwise ? 1 : 1 + random.nextInt(random.nextBoolean() ? 5 : 40);
            int outChannels = depthwise ? 1 + random.nextInt(2) : 1 + random.nextInt(35);
            long[] image = new long[rank + 2];
            long[] weight = new long[rank + 2];
            image[0] = 1 + random.nextInt(9);
            image[1] = (long) groups * channels;
            weight[0] = (long) groups * outChannels;
            weight[1] = channels;
            List<Prim.Window> windows = new ArrayList<>();
            boolean plain = random.nextInt(4) == 0;
            for (int d = 2; d < rank + 2; d++) {
                image[d] = 1 + random.nextInt(rank == 1 ? 90 : rank == 2 ? 24 : 9);
                weight[d] = plain ? 1 : 1 + random.nextInt(5);
                windows.add(
                        new Prim.Window(
                                1 + (random.nextBoolean() || plain ? 0 : random.nextInt(3)),
                                plain ? 0 : random.nextInt(5) - 1,
                                plain ? 0 : random.nextInt(4),
                                1 + (random.nextInt(4) > 0 ? 0 : random.nextInt(3))));
            }
            Case made = new Case(windows, groups, image, weight);
            try {
                if (made.result(DType.F32).shape().elementCount() > 0) {
                    return made;
                }
            } catch (IllegalArgumentException tooSmall) {
                // the next one may fit
            }
        }
    }

    private static float[] run(Device device, Case each, Prim op, DType dtype) {
        return device.call(
                () -> {
                    try (TensorScope _ = TensorScope.open()) {
                        return Engine.one(op, each.operands(op, dtype)).toFloatArray();
                    }
                });
    }

    @Test
    void areWhatTheReferenceSays() {
        Random random = new Random(7);
        for (int i = 0; i < 60; i++) {
            assertIsWhatTheReferenceSays("case " + i, randomCase(random));
        }
    }

    @Test
    void ofManyChannelsAtFewPositionsAreWhatTheReferenceSays() {
        Prim.Window window = new Prim.Window(1, 1, 1, 1);
        List<Prim.Window> windows = List.of(window, window);
        Case few = new Case(windows, 1, new long[] {4, 5, 3, 3}, new long[] {160, 5, 3, 3});
        assertIsWhatTheReferenceSays("few positions", few);
    }

    /** Images so small that taps meet a large part of nothing. */
    private static List<Case> smallImages() {
        Prim.Window plain = new Prim.Window(1, 1, 1, 1);
        Prim.Window wide = new Prim.Window(1, 2, 2, 1);
        Prim.Window strided = new Prim.Window(2, 1, 1, 1);
        Prim.Window dilated = new Prim.Window(1, 3, 3, 3);
        Prim.Window uneven = new Prim.Window(1, 0, 4, 1);
        return List.of(
                small(plain, plain, 8, 3, 3, 140, 96, 3),
                small(plain, plain, 37, 3, 2, 33, 65, 3),
                small(plain, wide, 5, 2, 4, 48, 40, 3),
                small(plain, strided, 6, 2, 4, 32, 32, 3),
                small(dilated, dilated, 7, 3, 3, 32, 35, 3),
                small(uneven, wide, 9, 3, 2, 40, 32, 4),
                new Case(List.of(wide), 1, new long[] {16, 64, 4}, new long[] {48, 64, 5}));
    }

    private static Case small(
            Prim.Window down,
            Prim.Window across,
            int images,
            int height,
            int width,
            int channels,
            int outChannels,
            int kernel) {
        return new Case(
                List.of(down, across),
                1,
                new long[] {images, channels, height, width},
                new long[] {outChannels, channels, kernel, kernel});
    }

    @Test
    void ofSmallImagesAreWhatTheReferenceSays() {
        for (Case each : smallImages()) {
            ConvolutionShape shape = new ConvolutionShape();
            shape.set(
                    each.windows,
                    each.groups,
                    Shape.of(each.image),
                    each.result(DType.F32).shape(),
                    Shape.of(each.weight));
            assertTrue(
                    SmallImages.suits(shape)
                            && !Winograd.suits(shape)
                            && !FewPositions.suitsForward(shape),
                    each + " is to be computed by SmallImages");
            assertIsWhatTheReferenceSays("small images", each);
        }
    }

    /** A tap of a plane that meets the zeros before the only plane of the image. */
    @Test
    void ofAPlaneBesideTheImageAreWhatTheReferenceSays() {
        Prim.Window beside = new Prim.Window(2, 1, 0, 1);
        Prim.Window plain = new Prim.Window(1, 1, 1, 1);
        Case each =
                new Case(
                        List.of(beside, plain, plain),
                        1,
                        new long[] {8, 32, 1, 3, 3},
                        new long[] {32, 32, 1, 3, 3});
        assertIsWhatTheReferenceSays("a plane beside the image", each);
    }

    private static void assertIsWhatTheReferenceSays(String name, Case each) {
        for (Prim op : each.operations()) {
            float[] expected = run(REFERENCE, each, op, DType.F32);
            float[] actual = run(Device.cpu(), each, op, DType.F32);
            double tolerance = 1e-6 * (1 + Math.sqrt(each.terms(op)));
            assertEquals(expected.length, actual.length);
            for (int e = 0; e < actual.length; e++) {
                double error = Math.abs(expected[e] - actual[e]);
                assertTrue(
                        error <= tolerance,
                        name
                                + ": "
                                + op.name()
                                + " of "
                                + each
                                + ", element "
                                + e
                                + ": "
                                + actual[e]
                                + ", not "
                                + expected[e]);
            }
        }
    }

    @Test
    void haveTheSameBitsWithAnyNumberOfThreads() {
        Random random = new Random(8);
        int before = ThreadPool.shared().threads();
        try {
            List<Case> cases = new ArrayList<>(smallImages());
            for (int i = 0; i < 60; i++) {
                cases.add(randomCase(random));
            }
            for (Case each : cases) {
                for (Prim op : each.operations()) {
                    ThreadPool.shared().setThreads(1);
                    float[] alone = run(Device.cpu(), each, op, DType.F32);
                    ThreadPool.shared().setThreads(3);
                    assertArrayEquals(
                            Floats.bits(alone),
                            Floats.bits(run(Device.cpu(), each, op, DType.F32)),
                            op.name() + " of " + each);
                }
            }
        } finally {
            ThreadPool.shared().setThreads(before);
        }
    }
}
