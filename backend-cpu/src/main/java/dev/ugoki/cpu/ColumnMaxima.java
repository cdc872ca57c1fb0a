package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The greatest element of each column of a block in F32; NaN is passed over. */
sealed interface ColumnMaxima {
    /** For this machine. */
    ColumnMaxima BEST = VectorModule.isUsable() ? new OfVectors() : new OfScalars();

    /**
     * {@code maxima[j] = max over i of x[i, j]}, minus infinity where there is no number.
     *
     * @param rowBytes from one row of x to the next
     * @param columns a multiple of 16
     */
    void run(long x, long rowBytes, int rows, int columns, long maxima);

    /** On the Vector API. */
    final class OfVectors implements ColumnMaxima {
        @Override
        public void run(long x, long rowBytes, int rows, int columns, long maxima) {
            for (long at = 0; at < 4L * columns; at += Lanes.BYTES) {
                column(x + at, rowBytes, rows, maxima + at);
            }
        }

        private static void column(long x, long rowBytes, int rows, long maximum) {
            // Made here: C2 keeps what a loop starts from on the heap if it comes from a field.
            FloatVector lowest = FloatVector.broadcast(Lanes.SPECIES, Float.NEGATIVE_INFINITY);
            FloatVector a = lowest;
            FloatVector b = lowest;
            int row = 0;
            for (; row + 1 < rows; row += 2) {
                FloatVector u = Lanes.load(x + row * rowBytes);
                FloatVector v = Lanes.load(x + (row + 1) * rowBytes);
                a = a.blend(u, u.compare(VectorOperators.GT, a));
                b = b.blend(v, v.compare(VectorOperators.GT, b));
            }
            if (row < rows) {
                FloatVector u = Lanes.load(x + row * rowBytes);
                a = a.blend(u, u.compare(VectorOperators.GT, a));
            }
            Lanes.store(a.blend(b, b.compare(VectorOperators.GT, a)), maximum);
        }
    }

    /** One element after the other. */
    final class OfScalars implements ColumnMaxima {
        @Override
        public void run(long x, long rowBytes, int rows, int columns, long maxima) {
            for (int column = 0; column < columns; column++) {
                float greatest = Float.NEGATIVE_INFINITY;
                for (int row = 0; row < rows; row++) {
                    float element = NativeMemory.getFloat(x + row * rowBytes + 4L * column);
                    greatest = element > greatest ? element : greatest;
                }
                NativeMemory.setFloat(maxima + 4L * column, greatest);
            }
        }
    }
}
