package dev.ugoki.benchmarks;

/** What our program is compared with. */
sealed interface Rival permits Libtorch, OnnxProgram, OwnBaseline {
    /** Who runs it. */
    Library library();
}
