package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.StopGradient;
import dev.ugoki.tensor.op.TypeRules;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Writes a program down while a function runs on tensors without values.
 *
 * <p>What the function does to traced tensors, and what it creates, is recorded; stored tensors
 * that it touches become live inputs of the graph, read anew at each run. A tracer belongs to the
 * thread that runs the function.
 */
public final class Tracer {
    private static final ScopedValue<Tracer> CURRENT = ScopedValue.newInstance();

    private final Thread thread = Thread.currentThread();
    private final @Nullable Tracer outer = current();
    private final @Nullable TensorScope scope = TensorScope.current();
    private final List<TensorType> types = new ArrayList<>();
    private final List<Graph.Node> nodes = new ArrayList<>();
    private final Map<Tensor, Integer> captured = new IdentityHashMap<>();
    private final List<Graph.Capture> captures = new ArrayList<>();
    private final Map<Storage, Updated> updated = new LinkedHashMap<>();
    private int stopping;
    private boolean ended;

    /** A tensor that the program has changed: the number of the captured value, and of the new. */
    private record Updated(Stored stored, int capture, int value) {}

    Tracer() {}

    /** The innermost trace of this thread, if any. */
    public static @Nullable Tracer current() {
        return CURRENT.isBound() ? CURRENT.get() : null;
    }

    Graph run(Graph.Program program, TensorType[] inputTypes) {
        Tensor[] inputs = new Tensor[inputTypes.length];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = newValue(inputTypes[i]);
        }
        List<Integer> numbers = new ArrayList<>();
        try {
            Tensor[] results = ScopedValue.where(CURRENT, this).call(() -> program.apply(inputs));
            for (Tensor result : results) {
                numbers.add(numberOf(result));
            }
        } finally {
            ended = true;
        }
        return new Graph(
                List.copyOf(types),
                inputTypes.length,
                List.copyOf(captures),
                List.copyOf(nodes),
                List.copyOf(numbers),
                updated.values().stream()
                        .map(each -> new Graph.Update(each.capture(), each.value()))
                        .toList());
    }

    /**
     * The operands of {@code op} as values of this program; captured where they are from outside.
     */
    public Tensor[] valuesOf(Op op, Tensor... operands) {
        requireUsable(op);
        Tensor[] values = new Tensor[operands.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Tensor.wrap(operands[i].type(), new Traced(this, numberOf(operands[i])));
        }
        return values;
    }

    /** Records an operation; its results have types and no values. */
    public Tensor[] record(Op op, Tensor... operands) {
        requireUsable(op);
        TensorType[] operandTypes = new TensorType[operands.length];
        List<Integer> numbers = new ArrayList<>(operands.length);
        for (int i = 0; i < operands.length; i++) {
            operandTypes[i] = operands[i].type();
            numbers.add(numberOf(operands[i]));
        }
        TensorType[] resultTypes = TypeRules.infer(op, operandTypes);
        Tensor[] results = new Tensor[resultTypes.length];
        List<Integer> resultNumbers = new ArrayList<>(results.length);
        for (int i = 0; i < results.length; i++) {
            resultNumbers.add(types.size());
            results[i] = newValue(resultTypes[i]);
        }
        nodes.add(new Graph.Node(op, List.copyOf(numbers), List.copyOf(resultNumbers)));
        if (stopping > 0 && !(op instanceof StopGradient)) {
            for (int i = 0; i < results.length; i++) {
                results[i] = results[i].dtype().isFloating() ? results[i].detach() : results[i];
            }
        }
        return results;
    }

    /**
     * Records an operation whose results take the places of the stored operands that it {@linkplain
     * Op#overwrites overwrites}: from here on the program reads the results instead of them.
     */
    public void update(Op op, Tensor... operands) {
        Tensor[] plain = operands.clone();
        for (int i = 0; i < plain.length; i++) {
            plain[i] = plain[i].withLineage(null);
        }
        int[] captureOf = new int[op.resultCount()];
        for (int i = 0; i < captureOf.length; i++) {
            Tensor target = plain[op.overwrites(i)];
            Updated before = updated.get(storageOf(target));
            captureOf[i] = before == null ? numberOf(target) : before.capture();
        }
        Tensor[] results = record(op, plain);
        for (int i = 0; i < results.length; i++) {
            Stored stored = (Stored) plain[op.overwrites(i)].payload();
            int value = numberOf(results[i]);
            updated.put(stored.storage(), new Updated(stored, captureOf[i], value));
        }
    }

    private static @Nullable Storage storageOf(Tensor tensor) {
        return tensor.payload() instanceof Stored stored ? stored.storage() : null;
    }

    /** Runs {@code action}; no gradient flows through what it records. */
    public <T> T withoutGradients(Supplier<T> action) {
        stopping++;
        try {
            return action.get();
        } finally {
            stopping--;
        }
    }

    private void requireUsable(Op op) {
        if (Thread.currentThread() != thread) {
            throw new IllegalStateException(
                    op.name()
                            + ": a traced tensor was used by "
                            + Thread.currentThread()
                            + ", but its program is traced by "
                            + thread);
        }
        if (ended) {
            throw new IllegalStateException(
                    op.name()
                            + ": a tensor of a program whose tracing has ended has no values;"
                            + " return what is needed from the program");
        }
    }

    private Tensor newValue(TensorType type) {
        types.add(type);
        return Tensor.wrap(type, new Traced(this, types.size() - 1));
    }

    private int numberOf(Tensor tensor) {
        if (tensor.payload() instanceof Traced traced && traced.tracer() == this) {
            return traced.value();
        }
        if (tensor.payload() instanceof Traced foreign && !isWithin(foreign.tracer())) {
            throw new IllegalStateException(
                    "trace: a tensor of a program whose tracing has ended is used in another; pass"
                            + " it as an input instead");
        }
        if (tensor.payload() instanceof Stored stored) {
            Updated now = updated.get(stored.storage());
            if (now != null) {
                requireSamePlace(now.stored(), stored);
                return now.value();
            }
        }
        Integer known = captured.get(tensor);
        if (known != null) {
            return known;
        }
        outliveTheTrace(tensor);
        types.add(tensor.type());
        int number = types.size() - 1;
        captured.put(tensor, number);
        captures.add(new Graph.Capture(number, tensor));
        return number;
    }

    private static void requireSamePlace(Stored updated, Stored read) {
        boolean same =
                updated.type().equals(read.type())
                        && updated.offset() == read.offset()
                        && read.isContiguous();
        if (!same) {
            throw new IllegalStateException(
                    "trace: a view ("
                            + read.type()
                            + ") of a tensor ("
                            + updated.type()
                            + ") is read after the program has updated it; take the view inside the"
                            + " program");
        }
    }

    /** What was made inside the function belongs to the program, whatever scope it was made in. */
    private void outliveTheTrace(Tensor tensor) {
        if (tensor.payload() instanceof Stored stored
                && TensorScope.isOpenSince(scope, stored.storage().owner())) {
            stored.storage().setOwner(null);
        }
    }

    private boolean isWithin(Tracer other) {
        for (Tracer tracer = outer; tracer != null; tracer = tracer.outer) {
            if (tracer == other) {
                return true;
            }
        }
        return false;
    }
}
