/** The backend for CPUs. Users never call it: it is found as a service. */
module dev.ugoki.cpu {
    requires dev.ugoki.tensor;
    requires jdk.management;
    requires static jdk.incubator.vector; // without it the scalar kernels work
    requires static transitive org.jspecify;

    provides dev.ugoki.tensor.spi.BackendProvider with
            dev.ugoki.cpu.CpuProvider;
}
