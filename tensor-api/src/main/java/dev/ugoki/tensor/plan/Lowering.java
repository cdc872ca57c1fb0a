package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.RefusedOperationException;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;
import dev.ugoki.tensor.spi.Views;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Turns a graph into steps: what is only another layout of the same memory becomes a view, exactly
 * where it does when the function runs eagerly, so that kernels meet the layouts that they meet
 * there. A transposed weight so goes into a product as it lies.
 */
final class Lowering {
    private final Backend backend;
    private final List<Step> steps = new ArrayList<>();
    private final List<Stored> captures = new ArrayList<>();
    private final Identities identities = new Identities();

    private Lowering(Backend backend) {
        this.backend = backend;
    }

    /**
     * The steps of a program.
     *
     * @param inputs a placeholder for each input, in the layout that it will have
     */
    static Steps lower(Backend backend, Graph graph, List<Stored> inputs) {
        Lowering lowering = new Lowering(backend);
        Stored[] values = lowering.run(graph, inputs);
        List<Steps.Assignment> updates = new ArrayList<>();
        for (Graph.Update update : graph.updates()) {
            updates.add(new Steps.Assignment(values[update.capture()], values[update.value()]));
        }
        return new Steps(
                backend,
                inputs,
                List.of(),
                List.copyOf(lowering.steps),
                graph.results().stream().map(number -> values[number]).toList(),
                List.copyOf(updates),
                List.copyOf(lowering.captures));
    }

    private Stored[] run(Graph graph, List<Stored> inputs) {
        Stored[] values = new Stored[graph.valueCount()];
        for (int i = 0; i < inputs.size(); i++) {
            values[i] = inputs.get(i);
        }
        for (Graph.Capture capture : graph.captures()) {
            values[capture.value()] = captured(capture.tensor());
        }
        for (Graph.Node node : graph.nodes()) {
            Stored[] operands = new Stored[node.operands().size()];
            for (int i = 0; i < operands.length; i++) {
                operands[i] = values[node.operands().get(i)];
            }
            List<TensorType> types = node.results().stream().map(graph::typeOf).toList();
            List<Stored> results = write(node.op(), operands, types);
            for (int i = 0; i < results.size(); i++) {
                values[node.results().get(i)] = results.get(i);
            }
        }
        return values;
    }

    private Stored captured(Tensor tensor) {
        if (!(tensor.payload() instanceof Stored stored)) {
            throw new IllegalStateException(
                    "plan: the program reads a traced tensor ("
                            + tensor.type()
                            + ") of another program; pass it as an input");
        }
        if (stored.storage().backend() != backend) {
            throw new IllegalArgumentException(
                    "plan: a plan runs on one device, "
                            + backend.device()
                            + ", and the program reads "
                            + tensor.type()
                            + " on "
                            + stored.storage().backend().device()
                            + "; copy it before: x.to(device)");
        }
        captures.add(stored);
        return stored;
    }

    private Stored place(TensorType type) {
        return new Stored(Storage.placeholder(backend), type);
    }

    private List<Stored> write(Op op, Stored[] operands, List<TensorType> types) {
        return switch (op) {
            case Prim.Loop loop -> loop(loop, operands);
            case Prim.CopyTo copy -> {
                if (!copy.device().equals(backend.device())) {
                    throw new UnsupportedOperationException(
                            "plan: a plan runs on one device, and the program copies from "
                                    + backend.device()
                                    + " to "
                                    + copy.device()
                                    + "; copy before or after it");
                }
                yield List.of(operands[0]);
            }
            case Prim prim -> List.of(primitive(prim, operands, types.getFirst()));
            case Composite composite -> step(composite, operands, types);
        };
    }

    private Stored primitive(Prim op, Stored[] operands, TensorType type) {
        if (operands.length > 0) {
            Stored view = Views.of(op, operands[0], type);
            if (view != null) {
                return view;
            }
            Stored same = identities.operandThatIsTheResult(op, operands);
            if (same != null) {
                return same;
            }
        }
        Stored result = step(op, operands, List.of(type)).getFirst();
        if (op instanceof Prim.Fill fill) {
            identities.filled(result, fill.value());
        }
        return result;
    }

    private List<Stored> step(Op op, Stored[] operands, List<TensorType> types) {
        TensorType[] operandTypes = new TensorType[operands.length];
        for (int i = 0; i < operands.length; i++) {
            operandTypes[i] = operands[i].type();
        }
        if (backend.supports(op, operandTypes) instanceof Support.Unsupported(String reason)) {
            DType dtype = (operands.length > 0 ? operandTypes[0] : types.getFirst()).dtype();
            throw new RefusedOperationException(op, dtype, backend.device(), reason);
        }
        return backend.widens(op, operands)
                ? widened(op, operands, types)
                : ordered(op, operands, types);
    }

    /** The operation, and before it copies of operands that the backend wants in order. */
    private List<Stored> ordered(Op op, Stored[] operands, List<TensorType> types) {
        List<Stored> ordered = new ArrayList<>(List.of(operands));
        for (int i = 0; i < operands.length; i++) {
            if (!operands[i].isContiguous() && backend.wantsContiguous(op, i, operands)) {
                Stored copy = place(operands[i].type());
                copy(operands[i], copy);
                ordered.set(i, copy);
            }
        }
        List<Stored> results = types.stream().map(this::place).toList();
        steps.add(new Step.Operation(op, List.copyOf(ordered), results));
        return results;
    }

    /** The operation in F32, between casts. */
    private List<Stored> widened(Op op, Stored[] operands, List<TensorType> types) {
        Stored[] wide = new Stored[operands.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = isNarrow(operands[i].dtype()) ? cast(operands[i], DType.F32) : operands[i];
        }
        List<TensorType> wideTypes =
                types.stream()
                        .map(type -> isNarrow(type.dtype()) ? type.withDType(DType.F32) : type)
                        .toList();
        List<Stored> results = new ArrayList<>(ordered(op, wide, wideTypes));
        for (int i = 0; i < types.size(); i++) {
            if (isNarrow(types.get(i).dtype())) {
                results.set(i, cast(results.get(i), types.get(i).dtype()));
            }
        }
        return results;
    }

    private static boolean isNarrow(DType dtype) {
        return dtype == DType.F16 || dtype == DType.BF16;
    }

    private Stored cast(Stored from, DType to) {
        TensorType type = from.type().withDType(to);
        return ordered(new Prim.Cast(to), new Stored[] {from}, List.of(type)).getFirst();
    }

    private void copy(Stored from, Stored to) {
        Op copy = new Prim.Reshape(to.shape());
        steps.add(new Step.Operation(copy, List.of(from), List.of(to)));
    }

    /**
     * What is carried has a place of its own, which the body reads and in the end overwrites, so
     * that the same steps serve every time.
     */
    private List<Stored> loop(Prim.Loop loop, Stored[] operands) {
        int carried = loop.body().resultTypes().length;
        List<Stored> places = new ArrayList<>(List.of(operands));
        for (int i = 0; i < carried; i++) {
            Stored place = place(operands[i].type());
            copy(operands[i], place);
            places.set(i, place);
        }
        if (loop.steps() == 0) {
            return places.subList(0, carried);
        }
        TensorType count = new TensorType(DType.I64, Shape.of(loop.steps()));
        Stored numbers =
                step(new Prim.Iota(DType.I64, count.shape(), 0), new Stored[0], List.of(count))
                        .getFirst();
        Stored number = place(new TensorType(DType.I64, Shape.SCALAR));
        steps.add(new Step.LoopBegin(loop.steps(), numbers, number));
        List<Stored> inputs = new ArrayList<>();
        inputs.add(number);
        inputs.addAll(places);
        Stored[] values = run(loop.body(), inputs);
        List<Stored> next = loop.body().results().stream().map(each -> values[each]).toList();
        carry(next, places);
        steps.add(new Step.LoopEnd());
        return places.subList(0, carried);
    }

    /** A value that lies where another is carried is saved before that is overwritten. */
    private void carry(List<Stored> next, List<Stored> places) {
        List<Stored> saved = new ArrayList<>(next);
        for (int i = 0; i < saved.size(); i++) {
            for (int j = 0; j < saved.size(); j++) {
                if (j != i && saved.get(i).storage() == places.get(j).storage()
                        || saved.get(i).storage() == places.get(i).storage()
                                && !isSame(saved.get(i), places.get(i))) {
                    Stored own = place(saved.get(i).type());
                    copy(saved.get(i), own);
                    saved.set(i, own);
                    break;
                }
            }
        }
        for (int i = 0; i < saved.size(); i++) {
            if (!isSame(saved.get(i), places.get(i))) {
                copy(saved.get(i), places.get(i));
            }
        }
    }

    private static boolean isSame(Stored view, Stored place) {
        return view.storage() == place.storage() && view.offset() == 0 && view.isContiguous();
    }

    /** What needs no computing, since one operand is the result: {@code x * 1}. */
    static final class Identities {
        private final java.util.Map<Storage, Number> constants = new java.util.IdentityHashMap<>();

        void filled(Stored place, Number value) {
            constants.put(place.storage(), value);
        }

        /** Only of what is contiguous, as the computed result would be. */
        @Nullable Stored operandThatIsTheResult(Prim op, Stored[] operands) {
            if (!(op instanceof Prim.Binary binary)) {
                return null;
            }
            Number x = constants.get(operands[0].storage());
            Number y = constants.get(operands[1].storage());
            boolean floating = operands[0].dtype().isFloating();
            Stored same = null;
            if (y != null && isRightIdentity(binary.kind(), y, floating)) {
                same = operands[0];
            } else if (x != null && isLeftIdentity(binary.kind(), x, floating)) {
                same = operands[1];
            }
            return same != null && same.isContiguous() ? same : null;
        }

        private static boolean isRightIdentity(
                Prim.Binary.Kind kind, Number value, boolean floating) {
            return switch (kind) {
                case MUL, DIV -> value.doubleValue() == 1;
                case ADD -> isZero(value, floating, true);
                case SUB -> isZero(value, floating, false);
                default -> false;
            };
        }

        private static boolean isLeftIdentity(
                Prim.Binary.Kind kind, Number value, boolean floating) {
            return switch (kind) {
                case MUL -> value.doubleValue() == 1;
                case ADD -> isZero(value, floating, true);
                default -> false;
            };
        }

        /** x + -0 and x - +0 are x whatever it is; x + +0 is not, of -0. */
        private static boolean isZero(Number value, boolean floating, boolean negative) {
            double zero = floating && negative ? -0.0 : 0.0;
            return Double.doubleToRawLongBits(value.doubleValue())
                    == Double.doubleToRawLongBits(zero);
        }
    }
}
