package dev.ugoki.examples.operations;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tck.CompositeRows;
import dev.ugoki.tck.Operand;
import dev.ugoki.tck.PrimitiveRows;
import dev.ugoki.tck.Row;
import dev.ugoki.tck.RowCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.Support;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the conformance kit has rows for: each primitive and composite with the dtypes that backends
 * say to support, and how often its gradient is checked.
 */
final class KitSurvey {
    /** How a backend runs an operation. */
    enum Way {
        /** By a kernel of its own. */
        KERNEL,
        /** By the operations that it is made of. */
        PARTS
    }

    /**
     * What was found of one operation.
     *
     * @param hasSlope whether a gradient flows that is not 0 everywhere
     * @param checks how often its gradient is compared with central differences: 0, 1 or 2
     */
    record Findings(Map<Device, Map<DType, Way>> ways, boolean hasSlope, int checks) {
        String gradient() {
            return hasSlope ? List.of("unchecked", "first", "second").get(checks) : "none";
        }
    }

    private KitSurvey() {}

    /** All operations of the kit, by {@link #key}, in its order. */
    static Map<String, Findings> of(List<Device> devices) {
        List<Row> rows = new ArrayList<>(PrimitiveRows.all());
        rows.addAll(CompositeRows.all());
        Map<String, Findings> found = new LinkedHashMap<>();
        for (Row row : rows) {
            for (DType dtype : row.dtypes().stream().sorted().toList()) {
                Op op = row.op().apply(dtype);
                Findings before =
                        found.getOrDefault(key(op), new Findings(new LinkedHashMap<>(), false, 0));
                devices.forEach(device -> ask(device, row, dtype, op, before.ways()));
                boolean hasSlope = before.hasSlope() || (dtype == DType.F64 && hasSlope(row, op));
                int checks = Math.max(before.checks(), row.derivatives());
                found.put(key(op), new Findings(before.ways(), hasSlope, checks));
            }
        }
        return found;
    }

    private static void ask(
            Device device, Row row, DType dtype, Op op, Map<Device, Map<DType, Way>> ways) {
        Map<DType, Way> ofDevice = ways.computeIfAbsent(device, _ -> new EnumMap<>(DType.class));
        switch (Backends.forDevice(device).supports(op, RowCheck.types(row, dtype))) {
            case Support.Native _ -> ofDevice.put(dtype, Way.KERNEL);
            case Support.Decompose _ -> ofDevice.putIfAbsent(dtype, Way.PARTS);
            case Support.Unsupported _ -> {}
        }
    }

    /** Whether the gradient in some operand is not 0 everywhere. */
    private static boolean hasSlope(Row row, Op op) {
        try (TensorScope _ = TensorScope.open()) {
            List<Tensor> variables = new ArrayList<>();
            List<Tensor> operands = new ArrayList<>();
            for (Operand operand : row.operands()) {
                DType dtype = operand.dtypeIn(DType.F64);
                Tensor made = new SampleArguments.Sample(dtype, operand.shape()).make(0);
                operands.add(dtype == DType.F64 ? Autograd.variable(made) : made);
                if (dtype == DType.F64) {
                    variables.add(operands.getLast());
                }
            }
            Tensor[] results = Engine.apply(op, operands.toArray(Tensor[]::new));
            Tensor sum = MethodTrial.weighted(List.of(results));
            return sum != null
                    && Autograd.gradients(sum, variables).stream()
                            .flatMapToDouble(each -> Arrays.stream(each.toDoubleArray()))
                            .anyMatch(value -> value != 0);
        }
    }

    /**
     * The place of an operation's Javadoc: the record, such as {@code Prim.Select}, or where it has
     * a kind or mode of its own, that, such as {@code Prim.Unary.Kind.EXP}.
     */
    static String key(Op op) {
        String name = name(op.getClass());
        for (RecordComponent component : op.getClass().getRecordComponents()) {
            Class<?> type = component.getType();
            if (type.isEnum() && type.getEnclosingClass() == op.getClass()) {
                return name(type) + "." + valueOf(component, op);
            }
        }
        return name;
    }

    private static Object valueOf(RecordComponent component, Op op) {
        try {
            return component.getAccessor().invoke(op);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component + " of " + op, e);
        }
    }

    /** The name of a class with those around it: {@code Prim.Unary}. */
    static String name(Class<?> type) {
        Class<?> outer = type.getEnclosingClass();
        return outer == null ? type.getSimpleName() : name(outer) + "." + type.getSimpleName();
    }
}
