package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;

import java.util.List;

/**
 * Which element of an image each tap of a convolution's kernel meets at each position of the
 * result; -1 where it meets padding. Found once for each convolution, and the same for all channels
 * and images.
 */
final class Patches {
    private final int taps;
    private final int positions;
    private final int imageSize;
    private final int[] meets;

    Patches(List<Prim.Window> windows, Shape image, Shape out, Shape weight) {
        int rank = windows.size();
        long tapCount = 1;
        long positionCount = 1;
        long size = 1;
        for (int d = 0; d < rank; d++) {
            tapCount *= weight.extent(d + 2);
            positionCount *= out.extent(d + 2);
            size *= image.extent(d + 2);
        }
        this.taps = Math.toIntExact(tapCount);
        this.positions = Math.toIntExact(positionCount);
        this.imageSize = Math.toIntExact(size);
        this.meets = new int[Math.multiplyExact(taps, positions)];
        for (int tap = 0; tap < taps; tap++) {
            for (int position = 0; position < positions; position++) {
                meets[tap * positions + position] =
                        elementAt(windows, image, out, weight, tap, position);
            }
        }
    }

    private static int elementAt(
            List<Prim.Window> windows,
            Shape image,
            Shape out,
            Shape weight,
            int tap,
            int position) {
        long element = 0;
        long stride = 1;
        long restOfTap = tap;
        long restOfPosition = position;
        for (int d = windows.size() - 1; d >= 0; d--) {
            Prim.Window window = windows.get(d);
            long inKernel = restOfTap % weight.extent(d + 2);
            restOfTap /= weight.extent(d + 2);
            long inResult = restOfPosition % out.extent(d + 2);
            restOfPosition /= out.extent(d + 2);
            long at = inResult * window.stride() - window.before() + inKernel * window.dilation();
            if (at < 0 || at >= image.extent(d + 2)) {
                return -1;
            }
            element += at * stride;
            stride *= image.extent(d + 2);
        }
        return (int) element;
    }

    int taps() {
        return taps;
    }

    int positions() {
        return positions;
    }

    /** Elements of one channel of an image. */
    int imageSize() {
        return imageSize;
    }

    /** Writes {@code [channels * taps, positions]}, zeros where a tap meets padding. */
    void gather(long image, int channels, int bytes, long columns) {
        for (int channel = 0; channel < channels; channel++) {
            long from = image + (long) channel * imageSize * bytes;
            long to = columns + (long) channel * meets.length * bytes;
            if (bytes == 4) {
                for (int i = 0; i < meets.length; i++) {
                    int element = meets[i];
                    NativeMemory.setFloat(
                            to + 4L * i,
                            element < 0 ? 0 : NativeMemory.getFloat(from + 4L * element));
                }
            } else {
                for (int i = 0; i < meets.length; i++) {
                    int element = meets[i];
                    NativeMemory.setDouble(
                            to + 8L * i,
                            element < 0 ? 0 : NativeMemory.getDouble(from + 8L * element));
                }
            }
        }
    }

    /** Adds {@code [channels * taps, positions]} to the elements that the taps meet. */
    void addBack(long columns, int channels, int bytes, long image) {
        for (int channel = 0; channel < channels; channel++) {
            long from = columns + (long) channel * meets.length * bytes;
            long to = image + (long) channel * imageSize * bytes;
            for (int i = 0; i < meets.length; i++) {
                int element = meets[i];
                if (element < 0) {
                    continue;
                }
                if (bytes == 4) {
                    long at = to + 4L * element;
                    NativeMemory.setFloat(
                            at, NativeMemory.getFloat(at) + NativeMemory.getFloat(from + 4L * i));
                } else {
                    long at = to + 8L * element;
                    NativeMemory.setDouble(
                            at, NativeMemory.getDouble(at) + NativeMemory.getDouble(from + 8L * i));
                }
            }
        }
    }
}
