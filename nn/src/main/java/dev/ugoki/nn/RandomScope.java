package dev.ugoki.nn;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;

import java.util.function.Supplier;

/**
 * The source of random draws inside a network, such as dropout's: whoever calls the network says
 * the key, and every draw takes the next one folded from it.
 *
 * <pre>{@code
 * var step = Autograd.valueAndGrad(
 *         () -> RandomScope.call(key.fold(stepNumber), () -> loss(network.apply(x), y)),
 *         parameters);
 * }</pre>
 *
 * <p>The same key draws the same numbers, whenever and wherever it runs: a training run that is
 * resumed at some step goes on as if it had not stopped. Under a trace, make the key of an input
 * ({@link Key#of(Tensor)}), and each run of the program draws anew.
 */
public final class RandomScope {
    private static final ScopedValue<RandomScope> CURRENT = ScopedValue.newInstance();

    private final Key key;
    private final Thread thread = Thread.currentThread();
    private long draws;

    private RandomScope(Key key) {
        this.key = key;
    }

    /** Runs {@code action}, whose draws take their keys from {@code key}. */
    public static <T> T call(Key key, Supplier<T> action) {
        return ScopedValue.where(CURRENT, new RandomScope(key)).call(action::get);
    }

    /** As {@link #call}, without a result. */
    public static void run(Key key, Runnable action) {
        ScopedValue.where(CURRENT, new RandomScope(key)).run(action);
    }

    /** Whether draws have somewhere to take keys from. */
    public static boolean isOpen() {
        return CURRENT.isBound();
    }

    /**
     * A key for one draw.
     *
     * @throws IllegalStateException outside of any scope, or on another thread than opened it
     */
    public static Key nextKey() {
        if (!CURRENT.isBound()) {
            throw new IllegalStateException(
                    "a random draw needs a key: run the network inside RandomScope.call(key, ...),"
                            + " or switch it to evaluation with eval()");
        }
        RandomScope scope = CURRENT.get();
        if (Thread.currentThread() != scope.thread) {
            throw new IllegalStateException(
                    "RandomScope: opened by "
                            + scope.thread
                            + ", used by "
                            + Thread.currentThread()
                            + "; open one with a key of its own in each thread");
        }
        return scope.key.fold(scope.draws++);
    }

    /**
     * {@link Autograd#checkpoint} for a program that draws: computed a second time for the
     * gradient, it draws the same numbers.
     */
    public static Tensor[] checkpoint(Graph.Program program, Tensor... operands) {
        if (!isOpen()) {
            return Autograd.checkpoint(program, operands);
        }
        Key key = nextKey();
        return Autograd.checkpoint(inputs -> call(key, () -> program.apply(inputs)), operands);
    }
}
