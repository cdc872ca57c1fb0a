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
 * of the same element, so that an output may overwrite an input. A pass that would compute more
 * values than the backend can put into one loop is divided.
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
    private final List<ValueType> types;
    private final int valuesPerPass;
    private final Level[] levels;

    /** The number of the first pass that can compute a value (ELEMENT) or follow it (ROW). */
    private final int[] stages;

    private final boolean[] needed;

    /** Values on which a pass was divided: they are kept, whatever they cost. */
    private final boolean[] divides;

    /** The number of the pass that computes each value first; -1 before. */
    private final int[] computedIn;

    private final List<Integer> callValues = new ArrayList<>();
    private final List<Integer> keptValues = new ArrayList<>();
    private final List<Pass> passes = new ArrayList<>();
    private final List<Integer> finalRowValues;

    private Schedule(Kernel kernel, int valuesPerPass) {
        this.kernel = kernel;
        this.types = kernel.types();
        this.valuesPerPass = valuesPerPass;
        int count = kernel.instructions().size();
        levels = new Level[count];
        stages = new int[count];
        needed = new boolean[count];
        divides = new boolean[count];
        computedIn = new int[count];
        Arrays.fill(computedIn, -1);
        for (int value = 0; value < count; value++) {
            place(value);
        }
        kernel.outputs().forEach(output -> markNeeded(output.value()));
        for (int value = 0; value < count; value++) {
            if (needed[value] && levels[value] == Level.CALL) {
                callValues.add(value);
            }
        }
        int stageCount = stageCount();
        for (int stage = 0; stage < stageCount; stage++) {
            planStage(stage, stage == stageCount - 1);
        }
        finalRowValues = rowValues(stageCount);
    }

    /**
     * The schedule of this kernel, with at most so many values computed in one pass.
     *
     * @throws IllegalArgumentException if an output per row differs from column to column
     */
    public static Schedule of(Kernel kernel, int valuesPerPass) {
        return new Schedule(kernel, valuesPerPass);
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

    private int stageCount() {
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

    private List<Integer> reductions(int stage) {
        List<Integer> values = new ArrayList<>();
        for (int value = 0; value < levels.length; value++) {
            if (needed[value]
                    && kernel.instructions().get(value) instanceof Instruction.Reduce
                    && stages[value] == stage + 1) {
                values.add(value);
            }
        }
        return values;
    }

    private void planStage(int stage, boolean stores) {
        List<Integer> reductions = reductions(stage);
        List<Integer> roots = roots(reductions, stores);
        List<Integer> rowValues = rowValues(stage);
        Needs needs = Needs.of(this, roots);
        while (needs.computed().size() > valuesPerPass) {
            List<Integer> front = needs.computed().subList(0, valuesPerPass);
            addPass(rowValues, Needs.of(this, front), List.of(), false);
            front.forEach(value -> divides[value] = true);
            rowValues = List.of();
            needs = Needs.of(this, roots);
        }
        addPass(rowValues, needs, reductions, stores);
    }

    private void addPass(
            List<Integer> rowValues, Needs needs, List<Integer> reductions, boolean stores) {
        int number = passes.size();
        needs.reloaded().forEach(this::keep);
        needs.computed().forEach(v -> computedIn[v] = computedIn[v] < 0 ? number : computedIn[v]);
        passes.add(
                new Pass(
                        rowValues,
                        needs.all(),
                        needs.reloaded(),
                        new ArrayList<>(),
                        reductions,
                        stores));
    }

    private void keep(int value) {
        if (!keptValues.contains(value)) {
            keptValues.add(value);
            passes.get(computedIn[value]).keeps().add(value);
        }
    }

    /** What a pass must have of each element, in order. */
    private record Needs(List<Integer> all, List<Integer> reloaded, List<Integer> computed) {
        static Needs of(Schedule schedule, List<Integer> roots) {
            TreeSet<Integer> all = new TreeSet<>();
            TreeSet<Integer> reloaded = new TreeSet<>();
            roots.forEach(root -> schedule.collect(root, all, reloaded));
            List<Integer> computed = new ArrayList<>(all);
            computed.removeAll(reloaded);
            return new Needs(List.copyOf(all), List.copyOf(reloaded), List.copyOf(computed));
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

    private void collect(int value, TreeSet<Integer> all, TreeSet<Integer> reloaded) {
        if (levels[value] != Level.ELEMENT || !all.add(value)) {
            return;
        }
        if (computedIn[value] >= 0 && keepingPays(value)) {
            reloaded.add(value);
            return;
        }
        for (int argument : kernel.instructions().get(value).arguments()) {
            collect(argument, all, reloaded);
        }
    }

    private boolean keepingPays(int value) {
        return types.get(value) != ValueType.MASK
                && !(kernel.instructions().get(value) instanceof Instruction.Load)
                && (divides[value] || cost(value, new TreeSet<>()) >= KEEPING_PAYS_FROM);
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
