package dev.ugoki.tck.fuzz;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.RowCheck;
import dev.ugoki.tck.fuzz.HostileArguments.Theme;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.LinearAlgebraException;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;
import dev.ugoki.tensor.spi.RefusedOperationException;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.Array;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * One call of a fuzzing run: what is called, with what, and whether what came of it is right.
 *
 * <p>Right is an exception of a kind that is allowed, whose message begins with the name of what
 * was called; or results that have the types that the type rules say and, where elements are small
 * round numbers, are those of the reference backend, which computes the same in F64. So are the
 * gradients of every few calls.
 */
final class FuzzCall {
    private static final Set<Class<?>> ALLOWED =
            Set.of(
                    IllegalArgumentException.class,
                    IndexOutOfBoundsException.class,
                    IllegalStateException.class,
                    UnsupportedOperationException.class,
                    RefusedOperationException.class,
                    LinearAlgebraException.class,
                    OutOfDeviceMemoryException.class);
    private static final long MOST_COMPARED = 20_000;
    private static final long LONGEST_LOOP = 8;
    private static final int DIFFERENTIATED_PERCENT = 15;
    private static final int THEMED_PERCENT = 20;

    /** What came of it. */
    enum Outcome {
        COMPUTED,
        COMPARED,
        REFUSED
    }

    private final FuzzTarget target;
    private final Device device;
    private final HostileArguments arguments;
    private final @Nullable Object[] drawn;
    private final boolean differentiated;
    private final boolean refusalsCompared;

    private FuzzCall(
            FuzzTarget target,
            Device device,
            HostileArguments arguments,
            @Nullable Object[] drawn,
            SplittableRandom random) {
        this.target = target;
        this.device = device;
        this.arguments = arguments;
        this.drawn = drawn;
        this.differentiated = random.nextInt(100) < DIFFERENTIATED_PERCENT;
        this.refusalsCompared = random.nextInt(100) < 20;
    }

    /** Draws call {@code number} of the run of {@code seed}. */
    static FuzzCall draw(FuzzTargets targets, Device device, long seed, long number) {
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number);
        random = new SplittableRandom(random.nextLong());
        while (true) {
            FuzzTarget target = targets.pick(random);
            Theme theme = Theme.ANYTHING;
            if (random.nextInt(100) < THEMED_PERCENT) {
                theme = Theme.values()[random.nextInt(Theme.values().length)];
            }
            FuzzCall call = draw(target, theme, device, random);
            if (call != null) {
                return call;
            }
        }
    }

    /** Draws a call of {@code target}; null where an argument refuses to be made. */
    static @Nullable FuzzCall draw(
            FuzzTarget target, Theme theme, Device device, SplittableRandom random) {
        HostileArguments arguments = new HostileArguments(random, device, theme);
        try {
            @Nullable Object[] drawn = arguments.draw(target);
            if (target instanceof FuzzTarget.OfOperation operation && random.nextInt(100) < 90) {
                drawn[drawn.length - 1] = fitting(operation, drawn);
            }
            return new FuzzCall(target, device, arguments, bounded(target, drawn), random);
        } catch (HostileArguments.Refused e) {
            return null;
        }
    }

    /** As many of the drawn operands as the operation takes, if it takes these. */
    private static Object fitting(FuzzTarget.OfOperation operation, @Nullable Object[] drawn) {
        DrawnTensor[] operands = (DrawnTensor[]) drawn[drawn.length - 1];
        for (int count = 0; operands != null && count <= operands.length; count++) {
            DrawnTensor[] first = Arrays.copyOf(operands, count);
            try {
                TypeRules.infer(
                        operation.operation(drawn),
                        Arrays.stream(first)
                                .map(each -> each.values().type())
                                .toArray(TensorType[]::new));
                return first;
            } catch (Throwable e) {
                // These do not fit; one more may.
            }
        }
        return operands == null ? new DrawnTensor[0] : operands;
    }

    /** A loop of 2^62 steps would be right, and would not end. */
    private static @Nullable Object[] bounded(FuzzTarget target, @Nullable Object[] drawn) {
        boolean isLoop =
                target instanceof FuzzTarget.OfOperation operation
                        && operation.constructor().getDeclaringClass() == Prim.Loop.class;
        if (isLoop && drawn[1] instanceof Long steps) {
            drawn[1] = Math.min(steps, LONGEST_LOOP);
        }
        return drawn;
    }

    FuzzTarget target() {
        return target;
    }

    /** What is called and with what. */
    @Override
    public String toString() {
        List<String> texts = new ArrayList<>();
        for (Object each : drawn) {
            texts.add(describe(each));
        }
        return target.label() + " with " + String.join("; ", texts);
    }

    private static String describe(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Object[] array -> Arrays.deepToString(array);
            case long[] array -> Arrays.toString(array);
            case int[] array -> Arrays.toString(array);
            case Graph graph -> "a program of " + Arrays.toString(graph.inputTypes());
            case Object any when any.getClass().isArray() ->
                    any.getClass().getSimpleName() + " of " + Array.getLength(any);
            default -> value.toString();
        };
    }

    // ---- running ----

    /** A result or an exception. */
    private record Happened(
            @Nullable Object result, List<Tensor> operands, @Nullable Throwable thrown) {}

    /** What came of the call. */
    Outcome run() {
        Happened actual = happen(device, false);
        Throwable thrown = actual.thrown();
        if (thrown != null) {
            requireAllowed(thrown);
            if (refusalsCompared && isUsual() && !(thrown instanceof OutOfDeviceMemoryException)) {
                requireRefusedByReference(thrown);
            }
            return Outcome.REFUSED;
        }
        List<Tensor> results = tensors(actual.result());
        requireNoReleasedValues(results);
        requireInferredTypes(actual, results);
        readValues(results);
        if (!isUsual() || !areSmall(results)) {
            return Outcome.COMPUTED;
        }
        compare(results, actual);
        return arguments.areTame() ? Outcome.COMPARED : Outcome.COMPUTED;
    }

    private Happened happen(Device where, boolean wide) {
        Map<DrawnTensor, Tensor> made = new IdentityHashMap<>();
        @Nullable Object[] ready = new Object[drawn.length];
        List<Tensor> operands = new ArrayList<>();
        for (int i = 0; i < drawn.length; i++) {
            ready[i] = ready(drawn[i], where, wide, made);
            operands.addAll(drawn[i] instanceof Op ? List.of() : tensors(ready[i]));
        }
        try {
            return new Happened(where.call(() -> calling(ready)), operands, null);
        } catch (Carried e) {
            return new Happened(null, operands, e.getCause());
        }
    }

    private @Nullable Object calling(@Nullable Object[] ready) {
        try {
            return target.call(ready);
        } catch (Throwable e) {
            throw new Carried(e);
        }
    }

    /** Carries what a call throws out of {@link Device#call}. */
    private static final class Carried extends RuntimeException {
        private static final long serialVersionUID = 1;

        Carried(Throwable cause) {
            super(cause);
        }
    }

    /** An argument with tensors in the places of drawn ones. */
    private @Nullable Object ready(
            @Nullable Object value, Device where, boolean wide, Map<DrawnTensor, Tensor> made) {
        return switch (value) {
            case DrawnTensor tensor -> make(tensor, where, wide, made);
            case DrawnTensor[] several ->
                    Arrays.stream(several)
                            .map(each -> make(each, where, wide, made))
                            .toArray(Tensor[]::new);
            case List<?> list ->
                    list.stream()
                            .map(
                                    each ->
                                            each instanceof DrawnTensor tensor
                                                    ? make(tensor, where, wide, made)
                                                    : each)
                            .toList();
            case DrawnRecord record -> record.make(each -> ready(each, where, wide, made));
            case DrawnRecord[] several -> record(several, where, wide, made);
            case null, default -> value;
        };
    }

    /** An array of records that hold tensors, such as the parts of an index. */
    private Object record(
            DrawnRecord[] several, Device where, boolean wide, Map<DrawnTensor, Tensor> made) {
        Object array = Array.newInstance(several[0].family(), several.length);
        for (int i = 0; i < several.length; i++) {
            Array.set(array, i, ready(several[i], where, wide, made));
        }
        return array;
    }

    private Tensor make(
            DrawnTensor drawn, Device where, boolean wide, Map<DrawnTensor, Tensor> made) {
        Tensor known = made.get(drawn);
        if (known != null) {
            return known;
        }
        Tensor tensor = makeAnew(drawn, where, wide, made);
        made.put(drawn, tensor);
        return tensor;
    }

    private Tensor makeAnew(
            DrawnTensor drawn, Device where, boolean wide, Map<DrawnTensor, Tensor> made) {
        if (drawn.original() != null) {
            Tensor original = make(drawn.original(), where, wide, made);
            if (isReleased(original)) {
                return original;
            }
            return drawn.alias() == DrawnTensor.Alias.FLIPPED
                    ? original.flip(0)
                    : original.transpose(0, -1);
        }
        Tensor values = drawn.values();
        if (wide && values.dtype().isFloating()) {
            values = values.cast(DType.F64);
        }
        Device on =
                drawn.state() == DrawnTensor.State.ON_ANOTHER_DEVICE ? RowCheck.REFERENCE : where;
        if (drawn.state() != DrawnTensor.State.RELEASED) {
            return drawn.layout().place(values, on);
        }
        try (TensorScope _ = TensorScope.open()) {
            return drawn.layout().place(values, on);
        }
    }

    private static boolean isReleased(Tensor tensor) {
        return tensor.payload() instanceof Stored stored && stored.storage().isReleased();
    }

    private boolean isUsual() {
        return used().stream().allMatch(each -> each.state() == DrawnTensor.State.USUAL);
    }

    /** The drawn tensors that are given to the call. */
    private List<DrawnTensor> used() {
        List<DrawnTensor> used = new ArrayList<>();
        for (Object value : drawn) {
            switch (value) {
                case DrawnTensor tensor -> used.add(tensor);
                case DrawnTensor[] several -> used.addAll(List.of(several));
                case DrawnRecord record -> used.addAll(record.tensors());
                case DrawnRecord[] several ->
                        Arrays.stream(several).forEach(each -> used.addAll(each.tensors()));
                case List<?> list ->
                        list.forEach(
                                each -> {
                                    if (each instanceof DrawnTensor tensor) {
                                        used.add(tensor);
                                    }
                                });
                case null, default -> {}
            }
        }
        return used;
    }

    private static boolean areSmall(List<Tensor> results) {
        return results.stream().allMatch(t -> t.shape().elementCount() <= MOST_COMPARED);
    }

    /** The tensors in a result or an argument. */
    private static List<Tensor> tensors(@Nullable Object value) {
        List<Tensor> found = new ArrayList<>();
        switch (value) {
            case Tensor tensor -> found.add(tensor);
            case Object[] array ->
                    Arrays.stream(array).forEach(each -> found.addAll(tensors(each)));
            case Iterable<?> several -> several.forEach(each -> found.addAll(tensors(each)));
            case Optional<?> optional -> optional.ifPresent(each -> found.addAll(tensors(each)));
            case Record record -> components(record).forEach(each -> found.addAll(tensors(each)));
            case null, default -> {}
        }
        return found;
    }

    private static List<Object> components(Record record) {
        List<Object> values = new ArrayList<>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            if (component.getType() == Tensor.class) {
                try {
                    values.add(component.getAccessor().invoke(record));
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        return values;
    }

    // ---- judging ----

    /** The run has found a bug. */
    static final class Wrong extends RuntimeException {
        private static final long serialVersionUID = 1;

        Wrong(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private void requireAllowed(Throwable thrown) {
        if (!ALLOWED.contains(thrown.getClass())) {
            throw new Wrong("throws " + thrown, thrown);
        }
        String message = String.valueOf(thrown.getMessage());
        if (target.prefixes(drawn).stream().noneMatch(name -> message.startsWith(name + ":"))) {
            throw new Wrong("its message does not begin with its name: " + thrown, thrown);
        }
    }

    private void requireRefusedByReference(Throwable thrown) {
        Happened expected = happen(RowCheck.REFERENCE, false);
        Throwable other = expected.thrown();
        if (other instanceof OutOfDeviceMemoryException) {
            return;
        }
        if (other == null || other.getClass() != thrown.getClass()) {
            throw new Wrong("throws " + thrown + ", where the reference has " + other, thrown);
        }
    }

    private void requireNoReleasedValues(List<Tensor> results) {
        boolean some =
                used().stream().anyMatch(each -> each.state() == DrawnTensor.State.RELEASED)
                        && !target.label().contains("Like(")
                        && !target.label().contains("matrixPower(");
        for (Tensor result : results) {
            boolean isEmpty = result.shape().elementCount() == 0;
            if (some && !isEmpty && !isReleased(result)) {
                throw new Wrong("computes with a released tensor: " + result.type(), null);
            }
        }
    }

    private void requireInferredTypes(Happened actual, List<Tensor> results) {
        if (target instanceof FuzzTarget.OfMethod || isInPlace()) {
            return;
        }
        try {
            TensorType[] operands =
                    actual.operands().stream().map(Tensor::type).toArray(TensorType[]::new);
            TensorType[] expected = TypeRules.infer(operation(), operands);
            List<TensorType> types = results.stream().map(Tensor::type).toList();
            if (!types.equals(List.of(expected))) {
                throw new Wrong("gives " + types + " instead of " + List.of(expected), null);
            }
        } catch (Wrong e) {
            throw e;
        } catch (Throwable e) {
            throw new Wrong("computes what the type rules refuse: " + e, e);
        }
    }

    private boolean isInPlace() {
        return switch (target) {
            case FuzzTarget.OfOperation operation -> operation.inPlace();
            case FuzzTarget.OfRow _ -> Boolean.TRUE.equals(drawn[2]);
            case FuzzTarget.OfMethod _ -> false;
        };
    }

    private Op operation() throws Throwable {
        return switch (target) {
            case FuzzTarget.OfOperation operation -> operation.operation(drawn);
            case FuzzTarget.OfRow _ when drawn[0] instanceof Op op -> op;
            case FuzzTarget _ -> throw new IllegalStateException(target.label());
        };
    }

    /** Reads all values, so that what a backend still computes is done. */
    private static void readValues(List<Tensor> results) {
        for (Tensor result : results) {
            if (!isReleased(result) && result.shape().elementCount() <= MOST_COMPARED) {
                result.toMemory();
            }
        }
    }

    private void compare(List<Tensor> results, Happened actual) {
        Happened same = happen(RowCheck.REFERENCE, false);
        if (same.thrown() != null) {
            throw new Wrong("computes, where the reference throws " + same.thrown(), same.thrown());
        }
        List<Tensor> expected = tensors(same.result());
        requireSameTypes("the reference's", results, expected);
        // Of parallel vectors Gram-Schmidt makes whatever rounding left.
        if (!arguments.areTame() || target.label().contains("from6d")) {
            return;
        }
        if (arguments.hasExactNumbers() || Arrays.stream(drawn).anyMatch(Key.class::isInstance)) {
            // Numbers and draws are rounded to the dtype, and so differ in F64.
            requireSameValues("result", results, expected);
            return;
        }
        Happened wide = happen(RowCheck.REFERENCE, true);
        List<Tensor> precise = wide.thrown() == null ? tensors(wide.result()) : expected;
        requireSameValues("result", results, precise);
        if (differentiated && !isInPlace() && wide.thrown() == null && !hasKinks()) {
            compareGradients();
        }
    }

    /** Whether rounding decides on which side of a kink numbers drawn from few lie. */
    private boolean hasKinks() {
        return target.label().contains("tripletMargin(");
    }

    private static void requireSameTypes(String whose, List<Tensor> actual, List<Tensor> expected) {
        List<TensorType> types = actual.stream().map(Tensor::type).toList();
        List<TensorType> others = expected.stream().map(Tensor::type).toList();
        if (!types.equals(others)) {
            throw new Wrong("gives " + types + " instead of " + whose + " " + others, null);
        }
    }

    private void requireSameValues(String what, List<Tensor> actual, List<Tensor> expected) {
        for (int i = 0; i < actual.size(); i++) {
            // Products of many numbers leave the range of narrow dtypes on the way.
            boolean overflows = arguments.hasExactNumbers() || target.label().contains("prod(");
            // Whether a singular matrix has a determinant of 0 or of a rounding error, too.
            boolean vanishes = target.label().contains("determinantSign(");
            String problem = Nearness.problem(actual.get(i), expected.get(i), overflows, vanishes);
            if (problem != null) {
                throw new Wrong(what + " " + i + problem, null);
            }
        }
    }

    // ---- gradients ----

    private void compareGradients() {
        Happened actual = gradients(device, false);
        Happened expected = gradients(RowCheck.REFERENCE, true);
        if (actual.thrown() instanceof OutOfDeviceMemoryException
                || expected.thrown() instanceof OutOfDeviceMemoryException) {
            return;
        }
        if (actual.thrown() instanceof LinearAlgebraException
                && expected.thrown() instanceof LinearAlgebraException) {
            // A singular matrix has a determinant, whose gradient has none.
            return;
        }
        if (actual.thrown() != null) {
            throw new Wrong("its gradient throws " + actual.thrown(), actual.thrown());
        }
        if (expected.thrown() != null) {
            throw new Wrong("its gradient on the reference: " + expected.thrown(), null);
        }
        List<Tensor> results = tensors(actual.result());
        for (int i = 0; i < results.size(); i++) {
            TensorType type = results.get(i).type();
            TensorType operand = actual.operands().get(i).type();
            if (!type.equals(operand)) {
                throw new Wrong("the gradient of " + operand + " is " + type, null);
            }
        }
        requireSameValues("gradient", results, tensors(expected.result()));
    }

    /** The gradients of the sum of all floating results in all floating operands. */
    private Happened gradients(Device where, boolean wide) {
        Map<DrawnTensor, Tensor> made = new IdentityHashMap<>();
        List<Tensor> variables = new ArrayList<>();
        for (DrawnTensor tensor : used()) {
            if (tensor.values().dtype().isFloating() && tensor.original() == null) {
                if (!made.containsKey(tensor)) {
                    Tensor plain = makeAnew(tensor, where, wide, made);
                    Tensor variable = Autograd.variable(plain);
                    made.put(tensor, variable);
                    variables.add(variable);
                }
            }
        }
        @Nullable Object[] ready = new Object[drawn.length];
        for (int i = 0; i < drawn.length; i++) {
            ready[i] = ready(drawn[i], where, wide, made);
        }
        try {
            return new Happened(
                    where.call(() -> differentiating(ready, variables)), variables, null);
        } catch (Carried e) {
            return new Happened(null, variables, e.getCause());
        }
    }

    private List<Tensor> differentiating(@Nullable Object[] ready, List<Tensor> variables) {
        try {
            List<Tensor> outputs =
                    tensors(target.call(ready)).stream()
                            .filter(each -> each.dtype().isFloating())
                            .toList();
            List<Tensor> cotangents =
                    outputs.stream().map(each -> each.scalarLike(1).expand(each.shape())).toList();
            return outputs.isEmpty() || variables.isEmpty()
                    ? List.of()
                    : Autograd.backward(outputs, cotangents).of(variables);
        } catch (Throwable e) {
            throw new Carried(e);
        }
    }
}
