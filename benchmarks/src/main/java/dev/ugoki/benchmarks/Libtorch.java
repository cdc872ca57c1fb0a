package dev.ugoki.benchmarks;

/** A program for libtorch. */
sealed interface Libtorch extends Rival permits TorchScript, Libtorch.Call {
    @Override
    default Library library() {
        return Library.LIBTORCH;
    }

    /** A method of DJL's NDArray on two inputs: the whole path that its users take. */
    enum Call implements Libtorch {
        ADD,
        MATMUL
    }
}
