package dev.ugoki.cuda;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.Instruction;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.kernel.Reduction;
import dev.ugoki.tensor.kernel.ValueType;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.IntFunction;

/**
 * Writes loop nests out as CUDA C, instruction by instruction, with the bits that {@link Kernel}
 * specifies.
 *
 * <p>A flat nest has a thread for each element. Otherwise 64 threads go over a row together, once
 * for each reduction that waits for another and once more for the outputs; what a later pass needs
 * again it computes again. Where sums over rows are stored, a block goes over the rows of one sum.
 *
 * <p>Values of F32 may lie in memory as F16 or BF16: they are widened when they are loaded and
 * rounded once when they are stored.
 *
 * <p>A nest that a plan has joined goes over elements of one shape, whose operands lie with any
 * strides.
 */
final class NestWriter {
    /** What a nest in rows needs: a float for each thread, and one for the result. */
    static final int SHARED_BYTES = 4 * (64 + 1);

    static final int THREADS = 64;

    private enum Level {
        ROW,
        ELEMENT
    }

    private final Kernel kernel;
    private final List<DType> inputs;
    private final List<DType> outputs;
    private final List<ValueType> types;
    private final Level[] levels;
    private final int[] stages;
    private final StringBuilder text = new StringBuilder();

    /** Where in memory an input is loaded from, if not from its place in the structure Nest. */
    private IntFunction<String> loads = this::loadFromRow;

    private IntFunction<String> places = this::placeInRow;
    private String structure = "Nest";

    private NestWriter(Kernel kernel, List<DType> inputs, List<DType> outputs) {
        this.kernel = kernel;
        this.inputs = inputs;
        this.outputs = outputs;
        this.types = kernel.types();
        this.levels = new Level[types.size()];
        this.stages = new int[types.size()];
        for (int value = 0; value < types.size(); value++) {
            place(value);
        }
    }

    /**
     * The text of a kernel that takes the structure Nest.
     *
     * @param inputs how each input lies in memory: F32, F16 or BF16 for F32 values, I32, BOOL
     * @param outputs how each output lies in memory
     */
    static String write(String name, Kernel kernel, List<DType> inputs, List<DType> outputs) {
        NestWriter writer = new NestWriter(kernel, inputs, outputs);
        if (kernel.isFlat()) {
            writer.flat(name);
        } else {
            writer.rows(name);
        }
        return writer.text.toString();
    }

    /**
     * Where in a normalization over groups of channels an operand's element is, by what it is of.
     */
    enum Grouped {
        /** Rows are groups, an element for each channel. */
        CHANNEL_OF_GROUP("(row % p.groups) * p.channels + (i64)((u32)j / (u32)p.inner)"),
        /** Rows are channels, an element for each group. */
        GROUP_OF_CHANNEL("row / p.channels");

        private final String place;

        Grouped(String place) {
            this.place = place;
        }
    }

    /** As {@link #write}, of the structure GroupedNest, with some operands placed otherwise. */
    static String writeGrouped(
            String name,
            Kernel kernel,
            List<DType> inputs,
            List<DType> outputs,
            Map<Integer, Grouped> grouped) {
        NestWriter writer = new NestWriter(kernel, inputs, outputs);
        writer.structure = "GroupedNest";
        writer.places =
                operand -> {
                    Grouped own = grouped.get(operand);
                    return own == null ? writer.placeInRow(operand) : own.place;
                };
        writer.rows(name);
        return writer.text.toString();
    }

    /** The text of a device function of a flat nest's inputs, with its one output as the value. */
    static String writeFunction(String name, Kernel kernel) {
        NestWriter writer =
                new NestWriter(
                        kernel,
                        Collections.nCopies(kernel.operands().size(), DType.F32),
                        List.of(DType.F32));
        writer.function(name);
        return writer.text.toString();
    }

    /** How an operand of a joined nest lies in memory. */
    enum Form {
        /** One element after the other. */
        CONTIGUOUS,
        /** One element for all. */
        SINGLE,
        /** By strides. */
        STRIDED
    }

    /**
     * All that the text of a joined nest depends on.
     *
     * @param forms of the inputs; outputs are contiguous
     * @param rank how many dimensions strided operands have
     * @param wide whether there are too many elements for 32 bits
     */
    record Joined(
            Kernel kernel,
            List<DType> inputs,
            List<DType> outputs,
            List<Form> forms,
            int rank,
            boolean wide) {
        int stridedCount() {
            return (int) forms.stream().filter(form -> form == Form.STRIDED).count();
        }
    }

    /**
     * The text of a kernel and of its structure: the number of elements, the extents, the addresses
     * of inputs and outputs, then the strides of each strided input.
     */
    static String writeJoined(String name, Joined joined) {
        NestWriter writer = new NestWriter(joined.kernel(), joined.inputs(), joined.outputs());
        writer.joined(name, joined);
        return writer.text.toString();
    }

    private void function(String name) {
        StringBuilder parameters = new StringBuilder();
        for (int k = 0; k < kernel.operands().size(); k++) {
            parameters.append(k == 0 ? "" : ", ").append("f32 x").append(k);
        }
        line("DEVICE f32 %s(%s) {", name, parameters);
        loads = operand -> "x" + operand;
        needed(stored()).forEach(this::compute);
        line("return v%d;", kernel.outputs().getFirst().value());
        line("}");
    }

    private void joined(String name, Joined form) {
        int rank = form.rank();
        int strided = form.stridedCount();
        line("struct %s_params {", name);
        line("i64 count;");
        line("i64 addresses[%d];", kernel.tableSize());
        if (strided > 0) {
            line("i64 extents[%d];", rank);
            line("i64 strides[%d][%d];", strided, rank);
        }
        line("};");
        line("UGOKI_KERNEL(%s, %s_params) {", name, name);
        line("i64 j = global_index();");
        line("if (j < p.count) {");
        if (strided > 0) {
            offsets(form);
        }
        String[] at = new String[kernel.tableSize()];
        int next = 0;
        for (int k = 0; k < at.length; k++) {
            Form own = k < form.forms().size() ? form.forms().get(k) : Form.CONTIGUOUS;
            at[k] =
                    switch (own) {
                        case CONTIGUOUS -> "j";
                        case SINGLE -> "(i64)0";
                        case STRIDED -> "o" + next++;
                    };
        }
        places = operand -> at[operand];
        needed(stored()).forEach(this::compute);
        for (int k = 0; k < kernel.outputs().size(); k++) {
            store(k);
        }
        line("}\n}");
    }

    /** Where element j lies in each strided input. */
    private void offsets(Joined form) {
        String index = form.wide() ? "u64" : "u32";
        int strided = form.stridedCount();
        line("%s rest = (%s)j;", index, index);
        for (int k = 0; k < strided; k++) {
            line("i64 o%d = 0;", k);
        }
        for (int dim = form.rank() - 1; dim >= 0; dim--) {
            line("{");
            if (dim > 0) {
                line("%s next = rest / (%s)p.extents[%d];", index, index, dim);
                line("i64 place = (i64)(rest - next * (%s)p.extents[%d]);", index, dim);
                line("rest = next;");
            } else {
                line("i64 place = (i64)rest;");
            }
            for (int k = 0; k < strided; k++) {
                line("o%d += place * p.strides[%d][%d];", k, k, dim);
            }
            line("}");
        }
    }

    private Instruction instruction(int value) {
        return kernel.instructions().get(value);
    }

    private void place(int value) {
        Level level = Level.ROW;
        int stage = 0;
        for (int argument : instruction(value).arguments()) {
            level = levels[argument] == Level.ELEMENT ? Level.ELEMENT : level;
            stage = Math.max(stage, stages[argument]);
        }
        if (instruction(value) instanceof Instruction.Load(int operand)
                && kernel.operands().get(operand).layout().variesByColumn()) {
            level = Level.ELEMENT;
        }
        if (instruction(value) instanceof Instruction.Reduce) {
            level = Level.ROW;
            stage++;
        }
        levels[value] = level;
        stages[value] = stage;
    }

    private TreeSet<Integer> needed(Iterable<Integer> roots) {
        TreeSet<Integer> all = new TreeSet<>();
        roots.forEach(root -> collect(root, all));
        return all;
    }

    private void collect(int value, TreeSet<Integer> all) {
        if (all.add(value)) {
            instruction(value).arguments().forEach(argument -> collect(argument, all));
        }
    }

    private List<Integer> stored() {
        return kernel.outputs().stream().map(Output::value).toList();
    }

    private void line(String line, Object... arguments) {
        text.append(String.format(Locale.ROOT, line, arguments)).append('\n');
    }

    private void flat(String name) {
        line("UGOKI_KERNEL(%s, Nest) {", name);
        line("i64 row = 0; i64 j = global_index();");
        line("if (j < p.columns) {");
        needed(stored()).forEach(this::compute);
        for (int k = 0; k < kernel.outputs().size(); k++) {
            store(k);
        }
        line("}\n}");
    }

    private boolean sumsOverRows() {
        return kernel.outputs().stream().anyMatch(o -> o.layout() == Layout.PER_COLUMN);
    }

    private void rows(String name) {
        TreeSet<Integer> all = needed(stored());
        line("UGOKI_BOUNDED_KERNEL(%s, %s, NEST_THREADS) {", name, structure);
        line("UGOKI_SHARED(f32, shared);");
        if (sumsOverRows()) {
            line("i64 end = ((i64)blockIdx.x + 1) * ROWS_PER_SUM;");
            line("end = end < p.rows ? end : p.rows;");
            line("for (i64 row = (i64)blockIdx.x * ROWS_PER_SUM; row < end; row++) {");
        } else {
            line("{ i64 row = blockIdx.x;");
        }
        int lastStage = all.stream().mapToInt(value -> stages[value]).max().orElse(0);
        for (int stage = 0; stage <= lastStage; stage++) {
            rowValues(all, stage);
            reductions(all, stage);
        }
        line("for (i64 j = threadIdx.x; j < p.columns; j += NEST_THREADS) {");
        List<Integer> elements =
                kernel.outputs().stream()
                        .filter(output -> output.layout() != Layout.PER_ROW)
                        .map(Output::value)
                        .toList();
        computeElements(elements);
        for (int k = 0; k < kernel.outputs().size(); k++) {
            if (kernel.outputs().get(k).layout() != Layout.PER_ROW) {
                store(k);
            }
        }
        line("}");
        for (int k = 0; k < kernel.outputs().size(); k++) {
            if (kernel.outputs().get(k).layout() == Layout.PER_ROW) {
                line("if (threadIdx.x == 0) { i64 j = 0; (void)j;");
                store(k);
                line("}");
            }
        }
        line("}\n}");
    }

    /** What is the same in all columns, of one stage. */
    private void rowValues(TreeSet<Integer> all, int stage) {
        for (int value : all) {
            if (levels[value] == Level.ROW
                    && stages[value] == stage
                    && !(instruction(value) instanceof Instruction.Reduce)) {
                compute(value);
            }
        }
    }

    /** One pass over the columns for all reductions whose arguments are there now. */
    private void reductions(TreeSet<Integer> all, int stage) {
        List<Integer> reductions =
                all.stream()
                        .filter(v -> instruction(v) instanceof Instruction.Reduce)
                        .filter(v -> stages[v] == stage + 1)
                        .toList();
        if (reductions.isEmpty()) {
            return;
        }
        for (int value : reductions) {
            line("f32 a%d; %s::start(a%d);", value, operation(value), value);
        }
        line("for (i64 j = threadIdx.x; j < p.columns; j += NEST_THREADS) { (void)j;");
        computeElements(
                reductions.stream().map(v -> instruction(v).arguments().getFirst()).toList());
        for (int value : reductions) {
            int argument = instruction(value).arguments().getFirst();
            line("a%d = %s::of(a%d, v%d);", value, operation(value), value, argument);
        }
        line("}");
        for (int value : reductions) {
            line(
                    "f32 v%d = over_columns<%s>(shared, a%d, p.columns);",
                    value, operation(value), value);
        }
    }

    private String operation(int value) {
        Reduction reduction = ((Instruction.Reduce) instruction(value)).reduction();
        return switch (reduction) {
            case SUM -> "Sum";
            case MAXIMUM -> "Maximum";
            case LARGEST_NUMBER -> "LargestNumber";
        };
    }

    private void computeElements(Iterable<Integer> roots) {
        for (int value : needed(roots)) {
            if (levels[value] == Level.ELEMENT) {
                compute(value);
            }
        }
    }

    private void compute(int value) {
        String type =
                switch (types.get(value)) {
                    case F32 -> "f32";
                    case I32 -> "i32";
                    case MASK -> "bool";
                };
        line("%s v%d = %s;", type, value, expression(instruction(value)));
    }

    private String placeInRow(int operand) {
        int inputCount = kernel.operands().size();
        Layout layout =
                operand < inputCount
                        ? kernel.operands().get(operand).layout()
                        : kernel.outputs().get(operand - inputCount).layout();
        return (layout.variesByRow() ? "row * p.row_distances[" + operand + "]" : "(i64)0")
                + (layout.variesByColumn() ? " + j" : "");
    }

    private String expression(Instruction instruction) {
        return switch (instruction) {
            case Instruction.Load(int operand) -> loads.apply(operand);
            case Instruction.FloatConstant(float x) ->
                    "__int_as_float((i32)0x%08xu)".formatted(Float.floatToRawIntBits(x));
            case Instruction.IntConstant(int x) -> "(i32)0x%08xu".formatted(x);
            case Instruction.ColumnCount() -> "(f32)p.columns";
            case Instruction.FloatUnary(var operator, int x) ->
                    switch (operator) {
                        case NEGATE -> "-v" + x;
                        case ABSOLUTE -> "fabsf(v" + x + ")";
                        case SQUARE_ROOT -> "sqrtf(v" + x + ")";
                    };
            case Instruction.FloatBinary(var operator, int x, int y) ->
                    "v"
                            + x
                            + switch (operator) {
                                case ADD -> " + ";
                                case SUBTRACT -> " - ";
                                case MULTIPLY -> " * ";
                                case DIVIDE -> " / ";
                            }
                            + "v"
                            + y;
            case Instruction.FusedMultiplyAdd(int x, int y, int z) ->
                    "fmaf(v%d, v%d, v%d)".formatted(x, y, z);
            case Instruction.IntBinary(var operator, int x, int y) -> integer(operator, x, y);
            case Instruction.Compare(var comparison, int x, int y) ->
                    "v%d %s v%d".formatted(x, relation(comparison), y);
            case Instruction.Select(int mask, int x, int y) ->
                    "v%d ? v%d : v%d".formatted(mask, x, y);
            case Instruction.FloatToBits(int x) -> "__float_as_int(v" + x + ")";
            case Instruction.BitsToFloat(int x) -> "__int_as_float(v" + x + ")";
            case Instruction.FloatToInt(int x) -> "as_i32(v" + x + ")";
            case Instruction.IntToFloat(int x) -> "(f32)v" + x;
            case Instruction.Reduce _ ->
                    throw new IllegalStateException("reductions are written elsewhere");
        };
    }

    private static String integer(Instruction.IntBinaryOperator operator, int x, int y) {
        String form =
                switch (operator) {
                    case ADD -> "(i32)((u32)v%d + (u32)v%d)";
                    case SUBTRACT -> "(i32)((u32)v%d - (u32)v%d)";
                    case MULTIPLY -> "(i32)((u32)v%d * (u32)v%d)";
                    case AND -> "v%d & v%d";
                    case OR -> "v%d | v%d";
                    case XOR -> "v%d ^ v%d";
                    case SHIFT_LEFT -> "(i32)((u32)v%d << (v%d & 31))";
                    case SHIFT_RIGHT -> "v%d >> (v%d & 31)";
                    case SHIFT_RIGHT_UNSIGNED -> "(i32)((u32)v%d >> (v%d & 31))";
                };
        return form.formatted(x, y);
    }

    private static String relation(Instruction.Comparison comparison) {
        return switch (comparison) {
            case EQUAL -> "==";
            case NOT_EQUAL -> "!=";
            case LESS -> "<";
            case LESS_OR_EQUAL -> "<=";
            case GREATER -> ">";
            case GREATER_OR_EQUAL -> ">=";
        };
    }

    private String loadFromRow(int operand) {
        ValueType type = kernel.operands().get(operand).type();
        return "load((const %s*)p.addresses[%d], %s)%s"
                .formatted(
                        inMemory(type, inputs.get(operand)),
                        operand,
                        places.apply(operand),
                        type == ValueType.MASK ? " != 0" : "");
    }

    /** A choice moves the bits of F32 as those of I32. */
    private static String inMemory(ValueType type, DType dtype) {
        return type == ValueType.I32 ? "i32" : Names.of(dtype);
    }

    private void store(int k) {
        Output output = kernel.outputs().get(k);
        int operand = kernel.operands().size() + k;
        if (output.layout() == Layout.PER_COLUMN) {
            line(
                    "{ f32* sum = (f32*)p.addresses[%d] + (row / ROWS_PER_SUM) *"
                            + " p.row_distances[%d] + j;",
                    operand, operand);
            line("*sum = (row %% ROWS_PER_SUM == 0 ? 0.0f : *sum) + v%d; }", output.value());
        } else {
            line(
                    "store((%s*)p.addresses[%d], %s, v%d);",
                    inMemory(types.get(output.value()), outputs.get(k)),
                    operand,
                    places.apply(operand),
                    output.value());
        }
    }
}
