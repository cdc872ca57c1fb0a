package dev.ugoki.tck;

import dev.ugoki.tck.reference.ReferenceProvider;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;
import dev.ugoki.tensor.plan.Plan;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.RefusedOperationException;
import dev.ugoki.tensor.spi.Support;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Runs rows on one device, in all layouts, and says what differs from the reference.
 *
 * <p>All operands take each layout together, and each operand alone takes it among contiguous ones.
 * Contiguous operands are also run as a traced program and as a plan, which must give the same
 * bits, as must a second run, and where results may overwrite operands a run in place.
 */
public final class RowCheck {
    /** The device whose results are expected. */
    public static final Device REFERENCE = new Device(ReferenceProvider.KIND, 0);

    private static final Set<Layout> STRIDED = EnumSet.complementOf(EnumSet.of(Layout.CONTIGUOUS));

    private final Device device;
    private final Tally tally;

    /** Checks {@code device}. */
    public RowCheck(Device device) {
        this(device, new Tally());
    }

    /** Checks {@code device}, and counts what it compares. */
    RowCheck(Device device, Tally tally) {
        this.device = device;
        this.tally = tally;
    }

    /**
     * The failures of one row with one dtype, each in a sentence; none if it passes.
     *
     * @throws RefusedOperationException if the device refuses the operation or a part of it
     */
    public List<String> failures(Row row, DType dtype) {
        requireSupport(row.op().apply(dtype), types(row, dtype));
        try (TensorScope _ = TensorScope.open()) {
            List<Tensor> values = REFERENCE.call(() -> makeOperands(row, dtype));
            Set<String> failures = new LinkedHashSet<>();
            Expected asMade = expect(row, dtype, values);
            for (List<Layout> layouts : assignments(row.operands())) {
                try (TensorScope _ = TensorScope.open()) {
                    Expected expected =
                            layouts.stream().noneMatch(Layout::repeats)
                                    ? asMade
                                    : expect(row, dtype, repeated(values, layouts));
                    compare(row, dtype, values, layouts, expected)
                            .ifPresent(problem -> failures.add(layouts + ": " + problem));
                }
            }
            failures.addAll(differencesOfBits(row, dtype, values));
            return List.copyOf(failures);
        }
    }

    private void requireSupport(Op op, TensorType[] operands) {
        if (!isRunByTheEngine(op)
                && Backends.forDevice(device).supports(op, operands)
                        instanceof Support.Unsupported(String reason)) {
            DType dtype =
                    operands.length > 0
                            ? operands[0].dtype()
                            : TypeRules.infer(op, operands)[0].dtype();
            throw new RefusedOperationException(op, dtype, device, reason);
        }
    }

    private static boolean isRunByTheEngine(Op op) {
        return op instanceof Prim.Permute
                || op instanceof Prim.Expand
                || op instanceof Prim.Slice
                || op instanceof Prim.CopyTo
                || op instanceof Prim.Loop;
    }

    /** The types of a row's operands. */
    public static TensorType[] types(Row row, DType dtype) {
        return row.operands().stream()
                .map(operand -> new TensorType(operand.dtypeIn(dtype), operand.shape()))
                .toArray(TensorType[]::new);
    }

    /** Operands of a row on the current device; the same values in every run. */
    public static List<Tensor> makeOperands(Row row, DType dtype) {
        List<Tensor> operands = new ArrayList<>();
        for (int i = 0; i < row.operands().size(); i++) {
            SplittableRandom random = new SplittableRandom(row.name().hashCode() * 31L + i);
            operands.add(row.operands().get(i).make(dtype, random));
        }
        return operands;
    }

    /** One layout for each operand: all the same, and each alone among contiguous ones. */
    private static Set<List<Layout>> assignments(List<Operand> operands) {
        List<Layout> contiguous = Collections.nCopies(operands.size(), Layout.CONTIGUOUS);
        Set<List<Layout>> assignments = new LinkedHashSet<>();
        assignments.add(contiguous);
        for (Layout layout : STRIDED) {
            List<Layout> together = new ArrayList<>(contiguous);
            for (int i = 0; i < operands.size(); i++) {
                if (operands.get(i).takes(layout)) {
                    together.set(i, layout);
                    List<Layout> alone = new ArrayList<>(contiguous);
                    alone.set(i, layout);
                    assignments.add(alone);
                }
            }
            assignments.add(together);
        }
        return assignments;
    }

    /** The reference's results, and what their errors are measured by. */
    private record Expected(Tensor[] results, Tensor[] magnitudes) {}

    private static Expected expect(Row row, DType dtype, List<Tensor> values) {
        Tensor[] operands = values.toArray(Tensor[]::new);
        return REFERENCE.call(
                () -> {
                    Tensor[] results = evaluate(row, dtype, operands);
                    return new Expected(
                            results,
                            row.tolerance().ofMagnitudes()
                                    ? evaluate(row, dtype, absolute(operands))
                                    : results);
                });
    }

    /**
     * A primitive's results are rounded once, by definition. A composite's decomposition rounds at
     * every step, so what is expected is computed in F64 and then rounded, once.
     */
    private static Tensor[] evaluate(Row row, DType dtype, Tensor[] operands) {
        Op op = row.op().apply(dtype);
        if (!(op instanceof Composite) || !dtype.isFloating()) {
            return Engine.apply(op, operands);
        }
        Tensor[] wide = operands.clone();
        for (int i = 0; i < wide.length; i++) {
            wide[i] = wide[i].dtype() == dtype ? wide[i].cast(DType.F64) : wide[i];
        }
        Tensor[] results = Engine.apply(op, wide);
        TensorType[] types = TypeRules.infer(op, types(row, dtype));
        for (int i = 0; i < results.length; i++) {
            results[i] = results[i].cast(types[i].dtype());
        }
        return results;
    }

    private static Tensor[] absolute(Tensor[] operands) {
        Tensor[] absolute = operands.clone();
        for (int i = 0; i < absolute.length; i++) {
            absolute[i] = absolute[i].dtype().isFloating() ? absolute[i].abs() : absolute[i];
        }
        return absolute;
    }

    private static List<Tensor> repeated(List<Tensor> values, List<Layout> layouts) {
        List<Tensor> repeated = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            repeated.add(layouts.get(i).values(values.get(i)));
        }
        return repeated;
    }

    private Optional<String> compare(
            Row row, DType dtype, List<Tensor> values, List<Layout> layouts, Expected expected) {
        Op op = row.op().apply(dtype);
        Tensor[] operands = new Tensor[layouts.size()];
        for (int i = 0; i < operands.length; i++) {
            operands[i] = layouts.get(i).place(values.get(i), device);
        }
        Tensor[] actual;
        try {
            actual = device.call(() -> Engine.apply(op, operands));
        } catch (RefusedOperationException e) {
            throw e;
        } catch (RuntimeException e) {
            return Optional.of("throws " + e);
        }
        tally.compared(row, dtype, layouts);
        for (int i = 0; i < actual.length; i++) {
            Optional<String> problem =
                    Comparison.differ(
                            actual[i],
                            expected.results()[i],
                            expected.magnitudes()[i],
                            row.tolerance());
            if (problem.isPresent()) {
                return problem.map(text -> text + " (" + op + ")");
            }
        }
        return Optional.empty();
    }

    /** A second run and a traced run must give the bits of the first. */
    private List<String> differencesOfBits(Row row, DType dtype, List<Tensor> values) {
        Op op = row.op().apply(dtype);
        return device.call(
                () -> {
                    Tensor[] operands =
                            values.stream()
                                    .map(tensor -> Layout.CONTIGUOUS.place(tensor, device))
                                    .toArray(Tensor[]::new);
                    List<String> failures = new ArrayList<>();
                    try {
                        Tensor[] first = Engine.apply(op, operands);
                        if (!sameBits(first, Engine.apply(op, operands))) {
                            failures.add("a second run gives other bits (" + op + ")");
                        }
                        if (overwrites(op) && !sameBits(first, updated(op, operands))) {
                            failures.add("an update in place gives other bits (" + op + ")");
                        }
                        Graph graph = Graph.trace(in -> Engine.apply(op, in), types(row, dtype));
                        if (!sameBits(first, graph.evaluate(operands))) {
                            failures.add("the traced program gives other bits (" + op + ")");
                        }
                        checkPlan(op, operands, first).ifPresent(failures::add);
                        tally.comparedBits();
                    } catch (RefusedOperationException e) {
                        throw e;
                    } catch (RuntimeException e) {
                        failures.add("throws " + e);
                    }
                    return failures;
                });
    }

    /** A plan runs on one device, so copies to others are no part of one. */
    private static Optional<String> checkPlan(Op op, Tensor[] operands, Tensor[] first) {
        if (op instanceof Prim.CopyTo) {
            return Optional.empty();
        }
        Plan plan = Plan.of(in -> Engine.apply(op, in)).joinedAtOnce();
        for (int run = 1; run <= 2; run++) {
            if (!sameBits(first, plan.apply(operands))) {
                return Optional.of("run " + run + " as a plan gives other bits (" + op + ")");
            }
        }
        return Optional.empty();
    }

    private static boolean overwrites(Op op) {
        return op.overwrites(0) >= 0;
    }

    /** The results of an update in place of copies. */
    private static Tensor[] updated(Op op, Tensor[] operands) {
        Tensor[] copies = new Tensor[operands.length];
        for (int i = 0; i < copies.length; i++) {
            copies[i] = operands[i].copy();
        }
        Engine.update(op, copies);
        Tensor[] results = new Tensor[op.resultCount()];
        for (int i = 0; i < results.length; i++) {
            results[i] = copies[op.overwrites(i)];
        }
        return results;
    }

    /** NaN equals NaN, whatever its payload: hardware and compilers differ in it. */
    private static boolean sameBits(Tensor[] first, Tensor[] second) {
        for (int i = 0; i < first.length; i++) {
            Tensor before = first[i];
            Tensor expected = REFERENCE.call(() -> Tensor.of(before.type(), before.toMemory()));
            if (Comparison.differ(second[i], expected, expected, Tolerance.BITS).isPresent()) {
                return false;
            }
        }
        return first.length == second.length;
    }
}
