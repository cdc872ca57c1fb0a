package dev.ugoki.benchmarks;

import org.bytedeco.javacpp.FloatPointer;

import java.util.List;

/** A contender that multiplies matrices in F32, batch by batch, by a function like BLAS's. */
abstract class ProductWorker extends Worker {
    private FloatPointer a = new FloatPointer();
    private FloatPointer b = new FloatPointer();
    private FloatPointer c = new FloatPointer();
    private int batch;
    private int m;
    private int n;
    private int k;

    /** {@code C = A B} of row-major matrices, A m x k and B k x n. */
    abstract void multiply(int m, int n, int k, FloatPointer a, FloatPointer b, FloatPointer c);

    @Override
    List<float[]> prepare(Measurement measurement) {
        Input left = measurement.inputs().get(0);
        Input right = measurement.inputs().get(1);
        int rank = left.shape().length;
        m = (int) left.shape()[rank - 2];
        k = (int) left.shape()[rank - 1];
        n = (int) right.shape()[rank - 1];
        batch = left.count() / (m * k);
        a = new FloatPointer(left.floats(0));
        b = new FloatPointer(right.floats(1));
        c = new FloatPointer((long) batch * m * n);
        run(1);
        float[] result = new float[batch * m * n];
        c.position(0).get(result);
        return List.of(result);
    }

    @Override
    void run(long calls) {
        for (long call = 0; call < calls; call++) {
            for (long item = 0; item < batch; item++) {
                multiply(
                        m,
                        n,
                        k,
                        a.position(item * m * k),
                        b.position(item * k * n),
                        c.position(item * m * n));
            }
        }
    }
}
