package dev.ugoki.benchmarks;

/** Another program of our own, such as the same product in another dtype. */
record OwnBaseline(Ours program) implements Rival {
    @Override
    public Library library() {
        return Library.BASELINE;
    }
}
