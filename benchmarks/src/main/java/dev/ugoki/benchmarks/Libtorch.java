package dev.ugoki.benchmarks;

/** A program for libtorch. */
sealed interface Libtorch permits TorchScript, Libtorch.Call {
    /** A method of DJL's NDArray on two inputs: the whole path that its users take. */
    enum Call implements Libtorch {
        ADD,
        MATMUL
    }
}
