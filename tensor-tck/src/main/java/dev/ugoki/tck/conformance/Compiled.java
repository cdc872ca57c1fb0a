package dev.ugoki.tck.conformance;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.plan.Plan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Whether cases also run as plans, whose results must have the bits of the eager ones; what a case
 * calls to say how.
 */
public final class Compiled {
    private static final ScopedValue<Boolean> ON = ScopedValue.newInstance();

    private Compiled() {}

    /** Runs {@code action}, in which cases run compiled too. */
    public static <T, X extends Throwable> T call(ScopedValue.CallableOp<T, X> action) throws X {
        return ScopedValue.where(ON, true).call(action);
    }

    /** Whether cases are to run compiled too. */
    public static boolean isOn() {
        return ON.isBound();
    }

    /**
     * Where {@link #isOn}, runs {@code program} as a plan, twice.
     *
     * @param eager what the program gave on {@code inputs} without a plan
     * @throws MismatchException if a result, or what the program updates, has other bits; NaN
     *     equals NaN
     */
    public static void check(Graph.Program program, Tensor[] inputs, Tensor[] eager) {
        if (!isOn()) {
            return;
        }
        Plan plan = Plan.of(program).joinedAtOnce();
        TensorType[] types = Arrays.stream(inputs).map(Tensor::type).toArray(TensorType[]::new);
        Map<Tensor, Tensor> before = updatedBy(plan.graph(types));
        Map<Tensor, Tensor> after = Map.of();
        if (!before.isEmpty()) {
            program.apply(inputs);
            after = copies(before.keySet());
            restore(before);
        }
        for (int run = 1; run <= 2; run++) {
            Tensor[] planned = plan.apply(inputs);
            for (int i = 0; i < eager.length; i++) {
                requireSameBits("compiled result " + i + " of run " + run, eager[i], planned[i]);
            }
            if (run == 1) {
                after.forEach((tensor, value) -> requireSameBits("compiled update", value, tensor));
            }
        }
        restore(before);
    }

    private static void restore(Map<Tensor, Tensor> values) {
        values.forEach((tensor, value) -> Engine.update(new Overwrite(), tensor, value));
    }

    private static Map<Tensor, Tensor> copies(Set<Tensor> tensors) {
        Map<Tensor, Tensor> copies = new IdentityHashMap<>();
        tensors.forEach(tensor -> copies.put(tensor, tensor.copy()));
        return copies;
    }

    /** What a program changes, such as running statistics, with copies of what it holds now. */
    private static Map<Tensor, Tensor> updatedBy(Graph graph) {
        Map<Tensor, Tensor> updated = new IdentityHashMap<>();
        for (Graph.Update update : graph.updates()) {
            for (Graph.Capture capture : graph.captures()) {
                if (capture.value() == update.capture()) {
                    Tensor tensor = capture.tensor().withLineage(null);
                    updated.put(tensor, tensor.copy());
                }
            }
        }
        return updated;
    }

    private static void requireSameBits(String name, Tensor eager, Tensor planned) {
        if (!eager.type().equals(planned.type())) {
            throw new MismatchException(
                    name + " is " + planned.type() + ", and eager " + eager.type());
        }
        if (eager.toMemory().mismatch(planned.toMemory()) < 0) {
            return;
        }
        MemorySegment expected = eager.toMemory();
        MemorySegment found = planned.toMemory();
        int size = eager.dtype().byteSize();
        for (long at = 0; at < expected.byteSize(); at += size) {
            boolean same =
                    expected.asSlice(at, size).mismatch(found.asSlice(at, size)) < 0
                            || isNan(eager, expected, at) && isNan(planned, found, at);
            if (!same) {
                throw new MismatchException(
                        name + " " + eager.type() + ": other bits than eager at " + at / size);
            }
        }
    }

    private static boolean isNan(Tensor tensor, MemorySegment elements, long at) {
        return switch (tensor.dtype()) {
            case F64 -> Double.isNaN(elements.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, at));
            case F32 -> Float.isNaN(elements.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at));
            case F16 ->
                    Float.isNaN(
                            Float.float16ToFloat(
                                    elements.get(ValueLayout.JAVA_SHORT_UNALIGNED, at)));
            case BF16 ->
                    Float.isNaN(
                            Float.intBitsToFloat(
                                    elements.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << 16));
            case I64, I32, I8, U8, BOOL -> false;
        };
    }
}
