package dev.ugoki.cpu;

/**
 * F32 functions applied to every element of arrays in memory, on all threads.
 *
 * <p>Distances ("steps") are in elements. The output may be one of the inputs; other overlaps are
 * not allowed. No byte beyond the output is written, nor read beyond the inputs.
 */
final class Elementwise {
    private static final ElementwiseLoops LOOPS =
            VectorModule.isUsable() ? new VectorElementwise() : new ScalarElementwise();

    private static final ThreadLocal<Elementwise> OF_THREAD =
            ThreadLocal.withInitial(Elementwise::new);

    private final ThreadPool.Task unaryTask = this::runUnary;
    private final ThreadPool.Task binaryTask = this::runBinary;
    private final ThreadPool.Task rowsTask = this::runRows;

    private UnaryFunction unary = UnaryFunction.NEGATE;
    private BinaryFunction binary = BinaryFunction.ADD;
    private long a;
    private long b;
    private long out;
    private int aStep;
    private int bStep;
    private long aRowStep;
    private long bRowStep;
    private long outRowStep;
    private long columns;
    private long count;
    private long perTask;

    private Elementwise() {}

    /** {@code out[i] = function(x[i])} for {@code count} elements. */
    static void unary(UnaryFunction function, long x, long out, long count) {
        if (count < 2L * function.elementsPerTask()) {
            LOOPS.unary(function, x, out, count);
            return;
        }
        Elementwise work = OF_THREAD.get();
        work.unary = function;
        work.a = x;
        work.out = out;
        work.run(count, function.elementsPerTask(), work.unaryTask);
    }

    /**
     * {@code out[i] = function(a[i aStep], b[i bStep])} for {@code count} elements.
     *
     * @param aStep 1, or 0 where one number stands for all; likewise bStep
     */
    static void binary(
            BinaryFunction function, long a, int aStep, long b, int bStep, long out, long count) {
        if (count < 2L * function.elementsPerTask()) {
            LOOPS.binary(function, a, aStep, b, bStep, out, count);
            return;
        }
        Elementwise work = OF_THREAD.get();
        work.binary = function;
        work.a = a;
        work.b = b;
        work.out = out;
        work.aStep = aStep;
        work.bStep = bStep;
        work.run(count, function.elementsPerTask(), work.binaryTask);
    }

    /**
     * {@code out[r, i] = function(a[r, i], b[r, i])} for matrices whose rows lie {@code aRowStep},
     * {@code bRowStep} and {@code outRowStep} apart: with a row step of 0 one row stands for all;
     * with a step of 0 each row has one number that stands for all its columns.
     */
    static void binaryRows(
            BinaryFunction function,
            long a,
            long aRowStep,
            int aStep,
            long b,
            long bRowStep,
            int bStep,
            long out,
            long outRowStep,
            long rows,
            long columns) {
        Elementwise work = OF_THREAD.get();
        work.binary = function;
        work.a = a;
        work.b = b;
        work.out = out;
        work.aStep = aStep;
        work.bStep = bStep;
        work.aRowStep = aRowStep;
        work.bRowStep = bRowStep;
        work.outRowStep = outRowStep;
        work.columns = columns;
        long rowsPerTask = Math.max(1, function.elementsPerTask() / Math.max(1, columns));
        work.run(rows, rowsPerTask, work.rowsTask);
    }

    private void run(long count, long perTask, ThreadPool.Task task) {
        this.count = count;
        long tasks = (count + perTask - 1) / perTask;
        if (tasks > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(count + " elements are too many");
        }
        this.perTask = perTask;
        ThreadPool.shared().parallelFor((int) tasks, task);
    }

    private void runUnary(int index) {
        long from = index * perTask;
        LOOPS.unary(unary, a + 4 * from, out + 4 * from, Math.min(perTask, count - from));
    }

    private void runBinary(int index) {
        long from = index * perTask;
        long some = Math.min(perTask, count - from);
        long left = a + 4 * from * aStep;
        long right = b + 4 * from * bStep;
        LOOPS.binary(binary, left, aStep, right, bStep, out + 4 * from, some);
    }

    private void runRows(int index) {
        long end = Math.min(count, (index + 1) * perTask);
        for (long row = index * perTask; row < end; row++) {
            LOOPS.binary(
                    binary,
                    a + 4 * row * aRowStep,
                    aStep,
                    b + 4 * row * bRowStep,
                    bStep,
                    out + 4 * row * outRowStep,
                    columns);
        }
    }
}
