package dev.ugoki.autograd;

import dev.ugoki.tensor.Inspector;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Tracer;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Looks at all that is computed, and stops at the first operation whose result is not a number.
 *
 * <p>Forward it inspects every operation, and notes on the tape where it was called; backward it
 * looks at what each rule gives. To name the primitive inside a composite, a loop or a rule, that
 * is computed once more, and the bad value followed from the result to where it came from.
 */
final class AnomalyDetector implements Inspector {
    private static final ScopedValue<AnomalyDetector> CURRENT = ScopedValue.newInstance();

    private final boolean infinities;

    private AnomalyDetector(boolean infinities) {
        this.infinities = infinities;
    }

    /** The one of this thread, if anomalies are being detected. */
    static @Nullable AnomalyDetector current() {
        return CURRENT.isBound() ? CURRENT.get() : null;
    }

    static <T> T run(boolean infinities, Supplier<T> action) {
        AnomalyDetector detector = new AnomalyDetector(infinities);
        return ScopedValue.where(CURRENT, detector).call(() -> Inspector.call(detector, action));
    }

    // ---- forward ----

    @Override
    public void inspect(Op op, Tensor[] operands, Tensor[] results) {
        if (Tracer.current() != null) {
            return;
        }
        String place = noteCall(results);
        for (int i = 0; i < results.length; i++) {
            if (operands.length > 0 && isBad(results[i])) {
                reportForward(op, operands, results, i, place);
            }
        }
    }

    /** Notes on the tape that {@code results} were called for here. */
    String noteCall(Tensor[] results) {
        String place = CallPlace.find();
        note(results, new Step.Origin(place, null, false));
        return place;
    }

    private static void note(Tensor[] results, Step.Origin origin) {
        for (Tensor result : results) {
            if (result.lineage() instanceof Step.Result made && made.step().origin() == null) {
                made.step().setOrigin(origin);
            }
        }
    }

    private void reportForward(
            Op op, Tensor[] operands, Tensor[] results, int index, String place) {
        Tensor bad = results[index];
        boolean inPlace =
                op.overwrites(index) >= 0
                        && bad.payload() == operands[op.overwrites(index)].payload();
        List<Tensor> unchanged = new ArrayList<>(List.of(operands));
        if (inPlace) {
            for (int i = 0; i < results.length; i++) {
                unchanged.remove(operands[op.overwrites(i)]);
            }
        }
        boolean given = unchanged.stream().anyMatch(operand -> isAsBad(operand, bad));
        if (given && !TensorSummary.hasNaN(bad)) {
            return;
        }
        String path = given || inPlace ? op.name() : pathInto(op, operands, index);
        StringBuilder text = new StringBuilder(path);
        text.append(given ? " was given " : " made ").append(kind(bad));
        text.append(given ? ", which no operation made while anomalies were being detected" : "");
        line(text, results.length == 1 ? "result" : "result " + index, bad);
        for (int i = 0; i < operands.length; i++) {
            line(text, "operand " + i, operands[i]);
        }
        text.append("\n  called at ").append(place);
        throw new AnomalyException(path, text.toString());
    }

    // ---- backward ----

    /** Computes a step again in smaller operations, and notes of these what they are part of. */
    Tensor[] partOf(Step step, Supplier<Tensor[]> program) {
        boolean users = step.op() instanceof Checkpoint;
        return Inspector.call(
                (_, _, results) ->
                        note(
                                results,
                                new Step.Origin(users ? CallPlace.find() : null, step, false)),
                program);
    }

    /** Applies a step's rule, and notes of what it computes that it is part of this gradient. */
    @Nullable Tensor @Nullable [] gradientOf(Step step, Backpropagation.Rule rule) {
        List<@Nullable Tensor[]> given = new ArrayList<>();
        Inspector.call(
                (_, _, results) -> note(results, new Step.Origin(null, step, true)),
                () -> {
                    @Nullable Tensor @Nullable [] cotangents = rule.apply();
                    return cotangents != null && given.add(cotangents);
                });
        return given.isEmpty() ? null : given.getFirst();
    }

    /** Stops if a step's rule has given something bad to operand {@code index}. */
    void checkGradient(
            Step step,
            int index,
            Tensor cotangent,
            @Nullable Tensor[] arrived,
            Backpropagation.Rule rule) {
        if (!isBad(cotangent)) {
            return;
        }
        boolean given = false;
        for (Tensor each : arrived) {
            given |= each != null && isAsBad(each, cotangent);
        }
        if (given && !TensorSummary.hasNaN(cotangent)) {
            return;
        }
        String path = path(step);
        StringBuilder text = new StringBuilder("the gradient of ").append(path);
        text.append(given ? " was given " : " made ").append(kind(cotangent));
        String inside = given ? "" : pathTo(() -> applied(rule), index);
        text.append(inside.isEmpty() ? "" : " (in its rule" + inside + ")");
        line(text, "gradient of operand " + index, cotangent);
        for (int i = 0; i < arrived.length; i++) {
            if (arrived[i] instanceof Tensor each) {
                line(text, "gradient of result " + i, each);
            }
        }
        Tensor[] operands = step.detachedOperands();
        for (int i = 0; i < operands.length; i++) {
            line(text, "operand " + i, operands[i]);
        }
        text.append("\n  the operation was called at ").append(place(step));
        throw new AnomalyException(path, text.toString());
    }

    private static Tensor[] applied(Backpropagation.Rule rule) {
        @Nullable Tensor @Nullable [] given = rule.apply();
        if (given == null) {
            return new Tensor[0];
        }
        Tensor[] known = new Tensor[given.length];
        for (int i = 0; i < given.length; i++) {
            Tensor each = given[i];
            known[i] = each != null ? each : Tensor.scalar(0);
        }
        return known;
    }

    /** Stops if the gradients of two uses of one tensor are bad together. */
    void checkSum(Tensor one, Tensor other, Tensor sum, @Nullable Step of) {
        if (!isBad(sum) || isAsBad(one, sum) || isAsBad(other, sum)) {
            return;
        }
        String path = of == null ? "add" : path(of);
        StringBuilder text = new StringBuilder("the sum of the gradients of two uses of ");
        text.append(of == null ? "a variable" : "the result of " + path);
        text.append(" made ").append(kind(sum));
        line(text, "sum", sum);
        line(text, "one", one);
        line(text, "other", other);
        if (of != null) {
            text.append("\n  the operation was called at ").append(place(of));
        }
        throw new AnomalyException(path, text.toString());
    }

    /** Stops if a checkpoint's program does not compute the same a second time. */
    void requireSameValues(Step step, Tensor[] forward, Tensor[] again) {
        for (int i = 0; i < forward.length; i++) {
            if (!TensorSummary.same(forward[i], again[i])) {
                StringBuilder text =
                        new StringBuilder(
                                "checkpoint computes other values when it is computed again for the"
                                    + " gradient: does it draw without a key of its own, or read"
                                    + " what has changed?");
                line(text, "result " + i + " at first", forward[i]);
                line(text, "result " + i + " again", again[i]);
                text.append("\n  called at ").append(place(step));
                throw new AnomalyException("checkpoint", text.toString());
            }
        }
    }

    private static String path(Step step) {
        Step.Origin origin = step.origin();
        if (origin == null || origin.within() == null) {
            return step.op().name();
        }
        return (origin.gradient() ? "gradient of " : "")
                + path(origin.within())
                + " > "
                + step.op().name();
    }

    private static String place(Step step) {
        for (Step.Origin origin = step.origin(); origin != null; ) {
            if (origin.place() != null) {
                return origin.place();
            }
            origin = origin.within() == null ? null : origin.within().origin();
        }
        return "an unknown place: the forward pass ran before anomalies were being detected";
    }

    // ---- inside ----

    private record Seen(Op op, Tensor[] operands, Tensor[] results) {
        int indexOf(Tensor result) {
            for (int i = 0; i < results.length; i++) {
                if (results[i].payload() == result.payload()) {
                    return i;
                }
            }
            return -1;
        }
    }

    /** The names of an operation and, inside it, of what made its bad result. */
    private String pathInto(Op op, Tensor[] operands, int index) {
        Tensor[] constants = new Tensor[operands.length];
        for (int i = 0; i < constants.length; i++) {
            constants[i] = operands[i].withLineage(null);
        }
        return switch (op) {
            case Prim.Loop loop ->
                    op.name() + pathTo(() -> Unrolled.of(loop).apply(constants), index);
            case Prim _ -> op.name();
            case Composite composite ->
                    op.name() + pathTo(() -> composite.decompose(constants), index);
        };
    }

    /**
     * The names of what makes a bad result of a program; none where the program makes it good, and
     * so a kernel for the whole is at fault.
     */
    private String pathTo(Supplier<Tensor[]> program, int index) {
        try (TensorScope _ = TensorScope.open()) {
            List<Seen> seen = new ArrayList<>();
            Inspector collector = (op, in, out) -> seen.add(new Seen(op, in, out));
            Tensor[] results = Recording.off(() -> Inspector.call(collector, program));
            if (index >= results.length || !isBad(results[index])) {
                return "";
            }
            Tensor bad = results[index];
            Seen maker = null;
            for (int i = seen.size() - 1; i >= 0; i--) {
                Seen each = seen.get(i);
                if (each.indexOf(bad) >= 0) {
                    maker = each;
                    Tensor source = bad;
                    for (Tensor operand : each.operands()) {
                        source = source == bad && isAsBad(operand, bad) ? operand : source;
                    }
                    if (source == bad) {
                        break;
                    }
                    bad = source;
                }
            }
            return maker == null
                    ? ""
                    : " > "
                            + pathInto(
                                    maker.op(), maker.operands(), Math.max(0, maker.indexOf(bad)));
        }
    }

    private boolean isBad(Tensor tensor) {
        return TensorSummary.hasNaN(tensor) || infinities && TensorSummary.hasInfinity(tensor);
    }

    /** Whether a tensor has already what is bad in another. */
    private static boolean isAsBad(Tensor tensor, Tensor bad) {
        return TensorSummary.hasNaN(bad)
                ? TensorSummary.hasNaN(tensor)
                : TensorSummary.hasInfinity(tensor);
    }

    private static String kind(Tensor bad) {
        return TensorSummary.hasNaN(bad) ? "NaN" : "infinity";
    }

    private static void line(StringBuilder text, String role, Tensor tensor) {
        text.append("\n  ").append(role).append(": ").append(TensorSummary.of(tensor));
    }
}
