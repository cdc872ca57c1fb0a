package dev.ugoki.tensor.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * The order in which a loop-generating backend computes a {@link Kernel}: passes over the columns
 * of a row, divided by reductions, and what is computed once per row or once per call between them.
 *
 * <p>A value that an earlier pass has computed is computed again where that is cheap, and kept in a
 * row of scratch memory where it is not. All outputs are stored in the last pass, after the loads
 * of the same element, so that an output may overwrite an input.
 */
public final class Schedule {
    /** How often a value changes. */
    private enum Level {
        CALL,
        ROW,
        ELEMENT
    }

    /** Keeping a value costs a store and a load; fewer instructions than this are repeated. */
    private static final int KEEPING_PAYS_FROM = 5;

    private static final int DIVISION_WEIGHT = 8;

    /**
     * One loop over the columns of a row.
     *
     * @param rowValues what to compute once, before the loop, in order
     * @param elementValues what to compute for each element, in order; those in {@code reloads} are
     *     loaded from scratch memory instead
     * @param reloads values that an earlier pass kept
     * @param keeps values to keep for a later pass
     * @param reductions the {@link Instruction.Reduce} to carry out over their arguments
     * @param stores whether this pass stores the outputs
     */
    public record Pass(
            List<Integer> rowValues,
            List<Integer> elementValues,
            List<Integer> reloads,
            List<Integer> keeps,
            List<Integer> reductions,
            boolean stores) {}

    private final Kernel kernel;
    private final Level[] levels;

    /** The number of the first pass that can compute a value (ELEMENT) or follow it (ROW). */
    private final int[] stages;

    private final boolean[] needed;
    private final List<Integer> callValues = new ArrayList<>();
    private final List<Integer> keptValues = new ArrayList<>();
    private final List<Pass> passes = new ArrayList<>();
    private final List<Integer> finalRowValues;

    private Schedule(Kernel kernel) {
        this.kernel = kernel;
        int count = kernel.instructions().size();
        levels = new Level[count];
        stages = new int[count];
        needed = new boolean[count];
        for (int value = 0; value < count; value++) {
            place(value);
        }
        kernel.outputs().forEach(output -> markNeeded(output.value()));
        for (int value = 0; value < count; value++) {
            if (needed[value] && levels[value] == Level.CALL) {
                callValues.add(value);
            }
        }
        int passCount = passCount();
        planPasses(passCount);
        finalRowValues = rowValues(passCount);
    }

    /** The schedule of this kernel. */
    public static Schedule of(Kernel kernel) {
        return new Schedule(kernel);
    }

    /** Values that are the same for the whole call, in order. */
    public List<Integer> callValues() {
        return callValues;
    }

    /** The passes, in order. */
    public List<Pass> passes() {
        return passes;
    }

    /** Row values that follow the last pass, in order. */
    public List<Integer> finalRowValues() {
        return finalRowValues;
    }

    /** Values that need a row of scratch memory each. */
    public List<Integer> keptValues() {
        return keptValues;
    }

    private void place(int value) {
        Instruction instruction = kernel.instructions().get(value);
        Level level = Level.CALL;
        int stage = 0;
        for (int argument : instruction.arguments()) {
            level = levels[argument].compareTo(level) > 0 ? levels[argument] : level;
            stage = Math.max(stage, stages[argument]);
        }
        switch (instruction) {
            case Instruction.Load(int operand) -> {
                Layout layout = kernel.operands().get(operand).layout();
                level =
                        layout.variesByColumn()
                                ? Level.ELEMENT
                                : layout.variesByRow() ? Level.ROW : Level.CALL;
            }
            case Instruction.Reduce _ -> {
                level = Level.ROW;
                stage++;
            }
            default -> {}
        }
        levels[value] = level;
        stages[value] = stage;
    }

    private void markNeeded(int value) {
        if (!needed[value]) {
            needed[value] = true;
            kernel.instructions().get(value).arguments().forEach(this::markNeeded);
        }
    }

    private int passCount() {
        int count = 0;
        for (Output output : kernel.outputs()) {
            int stage = stages[output.value()];
            if (output.layout() == Layout.PER_ROW) {
                if (levels[output.value()] == Level.ELEMENT) {
                    throw new IllegalArgumentException(
                            "kernel: output value "
                                    + output.value()
                                    + " differs from column to column; it cannot be stored per row"
                                    + " (reduce it first)");
                }
                count = Math.max(count, stage);
            } else {
                count = Math.max(count, stage + 1);
            }
        }
        return count;
    }

    private List<Integer> rowValues(int stage) {
        List<Integer> values = new ArrayList<>();
        for (int value = 0; value < levels.length; value++) {
            boolean computed = !(kernel.instructions().get(value) instanceof Instruction.Reduce);
            if (needed[value] && computed && levels[value] == Level.ROW && stages[value] == stage) {
                values.add(value);
            }
        }
        return values;
    }

    private List<Integer> reductions(int pass) {
        List<Integer> values = new ArrayList<>();
        for (int value = 0; value < levels.length; value++) {
            if (needed[value]
                    && kernel.instructions().get(value) instanceof Instruction.Reduce
                    && stages[value] == pass + 1) {
                values.add(value);
            }
        }
        return values;
    }

    private void planPasses(int passCount) {
        int[] computedIn = new int[levels.length];
        Arrays.fill(computedIn, -1);
        List<TreeSet<Integer>> keeps = new ArrayList<>();
        for (int number = 0; number < passCount; number++) {
            keeps.add(new TreeSet<>());
            boolean stores = number == passCount - 1;
            List<Integer> reductions = reductions(number);
            TreeSet<Integer> elements = new TreeSet<>();
            TreeSet<Integer> reloads = new TreeSet<>();
            for (int root : roots(reductions, stores)) {
                collect(root, computedIn, elements, reloads);
            }
            for (int value : reloads) {
                keeps.get(computedIn[value]).add(value);
            }
            for (int value : elements) {
                computedIn[value] = computedIn[value] < 0 ? number : computedIn[value];
            }
            passes.add(
                    new Pass(
                            rowValues(number),
                            List.copyOf(elements),
                            List.copyOf(reloads),
                            List.of(),
                            reductions,
                            stores));
        }
        for (int number = 0; number < passCount; number++) {
            Pass pass = passes.get(number);
            List<Integer> kept = List.copyOf(keeps.get(number));
            keptValues.addAll(kept);
            passes.set(
                    number,
                    new Pass(
                            pass.rowValues(),
                            pass.elementValues(),
                            pass.reloads(),
                            kept,
                            pass.reductions(),
                            pass.stores()));
        }
    }

    private List<Integer> roots(List<Integer> reductions, boolean stores) {
        List<Integer> roots = new ArrayList<>();
        for (int reduction : reductions) {
            roots.addAll(kernel.instructions().get(reduction).arguments());
        }
        if (stores) {
            for (Output output : kernel.outputs()) {
                if (output.layout() != Layout.PER_ROW) {
                    roots.add(output.value());
                }
            }
        }
        return roots;
    }

    private void collect(
            int value, int[] computedIn, TreeSet<Integer> elements, TreeSet<Integer> reloads) {
        if (levels[value] != Level.ELEMENT || elements.contains(value)) {
            return;
        }
        elements.add(value);
        if (computedIn[value] >= 0 && keepingPays(value)) {
            reloads.add(value);
            return;
        }
        for (int argument : kernel.instructions().get(value).arguments()) {
            collect(argument, computedIn, elements, reloads);
        }
    }

    private boolean keepingPays(int value) {
        TreeSet<Integer> counted = new TreeSet<>();
        return kernel.types().get(value) != ValueType.MASK
                && cost(value, counted) >= KEEPING_PAYS_FROM;
    }

    private int cost(int value, TreeSet<Integer> counted) {
        if (levels[value] != Level.ELEMENT || !counted.add(value)) {
            return 0;
        }
        Instruction instruction = kernel.instructions().get(value);
        int cost =
                switch (instruction) {
                    case Instruction.Load _ -> 0;
                    case Instruction.FloatUnary(var operator, _) ->
                            operator == Instruction.FloatUnaryOperator.SQUARE_ROOT
                                    ? DIVISION_WEIGHT
                                    : 1;
                    case Instruction.FloatBinary(var operator, _, _) ->
                            operator == Instruction.FloatBinaryOperator.DIVIDE
                                    ? DIVISION_WEIGHT
                                    : 1;
                    default -> 1;
                };
        for (int argument : instruction.arguments()) {
            cost += cost(argument, counted);
        }
        return cost;
    }
}
