package dev.ugoki.benchmarks;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;

/** oneDNN as a contender; the environment says how many threads it has. */
final class OneDnnWorker extends ProductWorker {
    OneDnnWorker(Library library) {}

    @Override
    void start(int threads) {
        dnnl.dnnl_version();
    }

    @Override
    void multiply(int m, int n, int k, FloatPointer a, FloatPointer b, FloatPointer c) {
        byte plain = 'N';
        int status = dnnl.dnnl_sgemm(plain, plain, m, n, k, 1, a, k, b, n, 0, c, n);
        if (status != 0) {
            throw new IllegalStateException("dnnl_sgemm: status " + status);
        }
    }

    @Override
    String about() {
        var version = dnnl.dnnl_version();
        return "oneDNN "
                + version.major()
                + "."
                + version.minor()
                + "."
                + version.patch()
                + ", instruction sets 0x"
                + Integer.toHexString(dnnl.dnnl_get_effective_cpu_isa());
    }
}
