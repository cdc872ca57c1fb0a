package dev.ugoki.benchmarks;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas;

/** OpenBLAS as a contender, with its own threads. */
final class OpenBlasWorker extends ProductWorker {
    OpenBlasWorker(Library library) {}

    @Override
    void start(int threads) {
        openblas.blas_set_num_threads(threads);
    }

    @Override
    void multiply(int m, int n, int k, FloatPointer a, FloatPointer b, FloatPointer c) {
        openblas.cblas_sgemm(
                openblas.CblasRowMajor,
                openblas.CblasNoTrans,
                openblas.CblasNoTrans,
                m,
                n,
                k,
                1,
                a,
                k,
                b,
                n,
                0,
                c,
                n);
    }

    @Override
    String about() {
        return "OpenBLAS " + openblas.class.getPackage().getImplementationVersion();
    }
}
