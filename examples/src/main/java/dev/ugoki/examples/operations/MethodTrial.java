package dev.ugoki.examples.operations;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.examples.operations.SampleArguments.Sample;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Op;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Calls a method with sample arguments to learn what it takes: which dtypes on which device,
 * whether its results have gradients, and which operations it applies.
 */
final class MethodTrial {
    private static final long MOST_CALLS = 60_000;

    private final Method method;
    private final Device device;
    private final Map<Sample, List<Tensor>> made = new HashMap<>();

    /** Arguments that the method accepted, on some device. */
    private @Nullable List<Object> pattern;

    private MethodTrial(Method method, Device device, @Nullable List<Object> pattern) {
        this.method = method;
        this.device = device;
        this.pattern = pattern;
    }

    /**
     * What was learned.
     *
     * @param dtypes that each device takes
     * @param derivatives how often the results could be differentiated: 0, 1 or 2
     * @param operations that the method applies, in order; empty where it reads values to know
     */
    record Findings(Map<Device, Set<DType>> dtypes, int derivatives, List<Op> operations) {
        boolean isEmpty() {
            return dtypes.values().stream().allMatch(Set::isEmpty);
        }
    }

    /** Calls {@code method} on all devices. */
    static Findings of(Method method, List<Device> devices) {
        Map<Device, Set<DType>> dtypes = new LinkedHashMap<>();
        int derivatives = 0;
        List<Object> pattern = null;
        List<Op> operations = List.of();
        for (Device device : devices) {
            MethodTrial trial = new MethodTrial(method, device, pattern);
            try (TensorScope _ = TensorScope.open()) {
                Map<DType, List<Object>> accepted = device.call(trial::acceptedCalls);
                pattern = trial.pattern;
                dtypes.put(device, trial.dtypesOf(accepted));
                List<Object> doubles = accepted.get(DType.F64);
                if (doubles != null) {
                    derivatives =
                            Math.max(derivatives, device.call(() -> trial.derivatives(doubles)));
                }
                if (operations.isEmpty() && !accepted.isEmpty()) {
                    List<Object> call = accepted.values().iterator().next();
                    operations = device.call(() -> trial.operations(call));
                }
            }
        }
        return new Findings(dtypes, derivatives, operations);
    }

    /** For each dtype that is taken, arguments that are. */
    private Map<DType, List<Object>> acceptedCalls() {
        Map<DType, List<Object>> accepted = new LinkedHashMap<>();
        for (int shapes : new int[] {2, SampleArguments.ALL_SHAPES}) {
            for (DType dtype : List.of(DType.F64, DType.I64, DType.BOOL, DType.F32)) {
                if (pattern == null) {
                    pattern = search(SampleArguments.of(method, dtype, shapes), dtype);
                }
            }
        }
        List<Object> found = pattern;
        if (found == null) {
            return accepted;
        }
        for (DType dtype : DType.values()) {
            List<Object> call = search(variants(found, dtype), dtype);
            if (call != null) {
                accepted.put(dtype, call);
            }
        }
        return accepted;
    }

    /** The same arguments, each tensor of any dtype that goes with {@code dtype}. */
    private List<List<Object>> variants(List<Object> call, DType dtype) {
        List<List<Object>> variants = new ArrayList<>();
        List<List<Object>> usual = SampleArguments.of(method, dtype, SampleArguments.ALL_SHAPES);
        for (int i = 0; i < call.size(); i++) {
            Object argument = call.get(i);
            boolean hasDType = argument instanceof DType || !tensors(argument).isEmpty();
            List<Object> each = new ArrayList<>();
            for (Object other : usual.get(i)) {
                if (hasDType && shapes(other).equals(shapes(argument))) {
                    each.add(other);
                }
            }
            variants.add(hasDType ? each : List.of(argument));
        }
        return variants;
    }

    private static List<Object> shapes(Object argument) {
        return tensors(argument).stream().<Object>map(Sample::shape).toList();
    }

    private static List<Sample> tensors(Object argument) {
        return switch (argument) {
            case Sample sample -> List.of(sample);
            case Sample[] samples -> List.of(samples);
            case List<?> list when list.getFirst() instanceof Sample ->
                    list.stream().map(Sample.class::cast).toList();
            default -> List.of();
        };
    }

    /** The first combination that the method accepts and in which {@code dtype} occurs. */
    private @Nullable List<Object> search(List<List<Object>> values, DType dtype) {
        if (values.stream().anyMatch(List::isEmpty)
                || (values.isEmpty() && method.getParameterCount() > 0)) {
            return null;
        }
        int[] at = new int[values.size()];
        for (long calls = 0; calls < MOST_CALLS; calls++) {
            List<Object> call = new ArrayList<>();
            for (int i = 0; i < at.length; i++) {
                call.add(values.get(i).get(at[i]));
            }
            if (mentions(call, dtype) && isAccepted(call)) {
                return call;
            }
            int next = at.length - 1;
            while (next >= 0 && ++at[next] == values.get(next).size()) {
                at[next--] = 0;
            }
            if (next < 0) {
                return null;
            }
        }
        return null;
    }

    private boolean mentions(List<Object> call, DType dtype) {
        boolean isFree = !SampleArguments.takesTensors(method) && !call.contains(dtype);
        return isFree
                || call.contains(dtype)
                || call.stream()
                        .flatMap(argument -> tensors(argument).stream())
                        .anyMatch(sample -> sample.dtype() == dtype);
    }

    private boolean isAccepted(List<Object> call) {
        try (TensorScope _ = TensorScope.open()) {
            return tensorsIn(invoke(call, UnaryOperator.identity())).stream()
                    .anyMatch(tensor -> tensor.shape().elementCount() > 0);
        } catch (RuntimeException refused) {
            return false;
        }
    }

    /** The dtypes that a method takes, or makes where it takes none. */
    private Set<DType> dtypesOf(Map<DType, List<Object>> accepted) {
        boolean chooses =
                SampleArguments.takesTensors(method)
                        || List.of(method.getParameterTypes()).contains(DType.class);
        if (chooses || accepted.isEmpty()) {
            return accepted.keySet();
        }
        List<Object> call = accepted.values().iterator().next();
        return device.call(() -> Set.of(tensorsIn(invoke(call, t -> t)).getFirst().dtype()));
    }

    /** Calls the method, with {@code use} made of each tensor on the way. */
    private @Nullable Object invoke(List<Object> call, UnaryOperator<Tensor> use) {
        Map<Sample, Integer> used = new HashMap<>();
        @Nullable Object[] arguments =
                call.stream().map(argument -> passed(argument, used, use)).toArray();
        boolean isStatic = Modifier.isStatic(method.getModifiers());
        try {
            return isStatic
                    ? method.invoke(null, arguments)
                    : method.invoke(
                            arguments[0], Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException refused) {
                throw refused;
            }
            throw new IllegalStateException(method + " failed on " + call, e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(method + " is public", e);
        }
    }

    private @Nullable Object passed(
            Object argument, Map<Sample, Integer> used, UnaryOperator<Tensor> use) {
        return switch (argument) {
            case Sample sample -> use.apply(tensor(sample, used));
            case Sample[] samples ->
                    Arrays.stream(samples)
                            .map(sample -> use.apply(tensor(sample, used)))
                            .toArray(Tensor[]::new);
            case List<?> list when !tensors(list).isEmpty() ->
                    tensors(list).stream().map(sample -> use.apply(tensor(sample, used))).toList();
            case Device _ -> device;
            default -> argument == SampleArguments.NOTHING ? null : argument;
        };
    }

    /** A tensor of its own for each place where the same sample is passed. */
    private Tensor tensor(Sample sample, Map<Sample, Integer> used) {
        int number = used.merge(sample, 1, Integer::sum) - 1;
        List<Tensor> tensors = made.computeIfAbsent(sample, _ -> new ArrayList<>());
        while (tensors.size() <= number) {
            int next = tensors.size();
            tensors.add(TensorScope.outside(() -> sample.make(next)));
        }
        return tensors.get(number);
    }

    private static List<Tensor> tensorsIn(@Nullable Object result) {
        return switch (result) {
            case Tensor tensor -> List.of(tensor);
            case Tensor[] tensors -> List.of(tensors);
            case List<?> list -> list.stream().flatMap(each -> tensorsIn(each).stream()).toList();
            case Record outcome ->
                    Stream.of(outcome.getClass().getRecordComponents())
                            .flatMap(component -> tensorsIn(valueOf(component, outcome)).stream())
                            .toList();
            case null, default -> List.of();
        };
    }

    private static Object valueOf(RecordComponent component, Record outcome) {
        try {
            return component.getAccessor().invoke(outcome);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
    }

    private int derivatives(List<Object> call) {
        List<Tensor> variables = new ArrayList<>();
        Object result =
                invoke(
                        call,
                        tensor -> {
                            if (!tensor.dtype().isFloating()) {
                                return tensor;
                            }
                            variables.add(Autograd.variable(tensor));
                            return variables.getLast();
                        });
        Tensor sum = weighted(tensorsIn(result));
        if (sum == null) {
            return 0;
        }
        List<Tensor> gradients = Autograd.gradientsToDifferentiate(sum, variables);
        boolean isAlwaysZero =
                gradients.stream()
                        .flatMapToDouble(each -> Arrays.stream(each.toDoubleArray()))
                        .allMatch(value -> value == 0);
        if (isAlwaysZero) {
            return 0;
        }
        Tensor again = weighted(gradients);
        if (again != null) {
            Autograd.gradients(again, variables);
        }
        return 2;
    }

    /** The followed elements of the tensors, each times a number of its own, added up. */
    static @Nullable Tensor weighted(List<Tensor> tensors) {
        Tensor sum = null;
        for (Tensor tensor : tensors) {
            if (tensor.dtype().isFloating() && tensor.lineage() != null) {
                Tensor wide = tensor.to(Device.current()).cast(DType.F64);
                Tensor weights = Tensor.arange(DType.F64, wide.shape().elementCount()).add(1);
                Tensor part = wide.mul(weights.reshape(wide.shape())).sum();
                sum = sum == null ? part : sum.add(part);
            }
        }
        return sum;
    }

    private List<Op> operations(List<Object> call) {
        List<Tensor> inputs = new ArrayList<>();
        Map<Sample, Integer> used = new HashMap<>();
        for (Object argument : call) {
            tensors(argument).forEach(sample -> inputs.add(tensor(sample, used)));
        }
        TensorType[] types = inputs.stream().map(Tensor::type).toArray(TensorType[]::new);
        try {
            Graph graph =
                    Graph.trace(
                            traced -> {
                                int[] next = {0};
                                Object result = invoke(call, _ -> traced[next[0]++]);
                                return tensorsIn(result).toArray(Tensor[]::new);
                            },
                            types);
            return graph.nodes().stream().map(Graph.Node::op).toList();
        } catch (RuntimeException readsValues) {
            return List.of();
        }
    }
}
