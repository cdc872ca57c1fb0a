package dev.ugoki.tensor;

import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.Traced;
import dev.ugoki.tensor.graph.Tracer;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;
import dev.ugoki.tensor.spi.RefusedOperationException;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;
import dev.ugoki.tensor.spi.Views;

import org.jspecify.annotations.Nullable;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The one door that every operation goes through: its types are checked, then it is written down
 * (under a trace), taken as a view, or run by the backend of its operands, and last the operands'
 * lineage records it.
 *
 * <p>Users call the methods of {@link Tensor}; who writes an operation of his own applies it here.
 */
public final class Engine {
    private static final TensorType[] NO_TYPES = {};

    private Engine() {}

    /** The single result of {@code op}. */
    public static Tensor one(Op op, Tensor... operands) {
        if (Inspection.isOff()) {
            return oneUnseen(op, operands);
        }
        return Inspection.show(op, operands, () -> new Tensor[] {oneUnseen(op, operands)})[0];
    }

    private static Tensor oneUnseen(Op op, Tensor[] operands) {
        if (op instanceof Prim prim && !(op instanceof Prim.Loop) && recorder(operands) == null) {
            return compute(prim, operands);
        }
        return applyUnseen(op, operands)[0];
    }

    /**
     * The results of {@code op}.
     *
     * @throws IllegalArgumentException if the operands' shapes, dtypes or devices do not fit
     * @throws IllegalStateException if an operand was released
     */
    public static Tensor[] apply(Op op, Tensor... operands) {
        return Inspection.isOff()
                ? applyUnseen(op, operands)
                : Inspection.show(op, operands, () -> applyUnseen(op, operands));
    }

    private static Tensor[] applyUnseen(Op op, Tensor[] operands) {
        if (op instanceof Prim.Loop loop && !loop.body().captures().isEmpty()) {
            return applyClosed(loop, operands);
        }
        Lineage recorder = recorder(operands);
        if (recorder == null) {
            return computeAll(op, operands);
        }
        Tracer tracer = tracer(op, operands);
        // What a trace captures it captures with its lineage, so before that is taken away.
        Tensor[] values = detached(tracer == null ? operands : tracer.valuesOf(op, operands));
        Tensor[] forward =
                op instanceof Composite composite
                        ? composite.forwardWithResiduals(values)
                        : computeAll(op, values);
        @Nullable Lineage[] lineages = recorder.record(op, operands, forward);
        Tensor[] results = new Tensor[op.resultCount()];
        for (int i = 0; i < results.length; i++) {
            results[i] = forward[i].withLineage(lineages[i]);
        }
        return results;
    }

    /**
     * A loop whose body captures tensors, as one that is given them: so they are traced where they
     * are traced, and followed where they are followed.
     */
    private static Tensor[] applyClosed(Prim.Loop loop, Tensor[] operands) {
        List<Tensor> all = new ArrayList<>(List.of(operands));
        loop.body().captures().forEach(capture -> all.add(capture.tensor()));
        Graph body = loop.body().withCapturesAsInputs();
        return applyUnseen(new Prim.Loop(body, loop.steps()), all.toArray(Tensor[]::new));
    }

    /**
     * Runs {@code op} and writes each result over the operand that it {@link Op#overwrites}: how
     * parameters change. Operands are taken as they are, without lineage.
     *
     * @throws IllegalArgumentException if a result overwrites nothing, or an overwritten operand is
     *     not a contiguous stored tensor of the result's type, or two of them share memory
     */
    public static void update(Op op, Tensor... operands) {
        if (Inspection.isOff()) {
            updateUnseen(op, operands);
        } else {
            Inspection.show(op, operands, () -> updateUnseen(op, operands));
        }
    }

    /** The operands that were written. */
    private static Tensor[] updateUnseen(Op op, Tensor[] operands) {
        TensorType[] resultTypes = TypeRules.infer(op, types(operands));
        Stored[] targets = new Stored[op.resultCount()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = target(op, i, operands);
        }
        requireTypes(op, resultTypes, targets);
        requireApart(op, targets);
        Tracer tracer = tracer(op, operands);
        if (tracer != null) {
            tracer.update(op, operands);
            return new Tensor[0];
        }
        Backend backend = targets[0].storage().backend();
        requireUsable(op, backend, operands);
        if (backend.supports(op, types(operands)) instanceof Support.Native
                && !overlap(op, targets, stored(op, backend, operands))) {
            run(backend, op, stored(op, backend, operands), targets);
        } else {
            try (TensorScope _ = TensorScope.open()) {
                Tensor[] results = computeAll(op, detached(operands));
                for (int i = 0; i < targets.length; i++) {
                    results[i] = apartFrom(targets, results[i]);
                }
                for (int i = 0; i < targets.length; i++) {
                    Prim copying = new Prim.Reshape(targets[i].shape());
                    requireSupported(backend, copying, types(results[i]), targets[i].type());
                    run(backend, copying, stored(op, backend, results[i]), only(targets[i]));
                }
            }
        }
        Tensor[] written = new Tensor[targets.length];
        for (int i = 0; i < targets.length; i++) {
            targets[i].storage().touch();
            written[i] = operands[op.overwrites(i)];
        }
        return written;
    }

    /** The result of {@code op}, which has no operands, on the device of {@code like}. */
    static Tensor createLike(Tensor like, Prim op) {
        return like.payload() instanceof Stored stored && Tracer.current() == null
                ? execute(
                        stored.storage().backend(),
                        op,
                        NO_TYPES,
                        TypeRules.inferOne(op),
                        new Stored[0])
                : one(op);
    }

    /** The same elements in a storage of their own, recorded as a reshape to the same shape. */
    static Tensor copyOf(Tensor tensor, Stored stored) {
        Prim.Reshape op = new Prim.Reshape(tensor.shape());
        Backend backend = stored.storage().backend();
        TensorType type = tensor.type();
        Tensor copy = execute(backend, op, new TensorType[] {type}, type, new Stored[] {stored});
        Lineage recorder = recorder(new Tensor[] {tensor});
        if (recorder == null) {
            return copy;
        }
        return copy.withLineage(recorder.record(op, new Tensor[] {tensor}, new Tensor[] {copy})[0]);
    }

    private static Stored target(Op op, int result, Tensor[] operands) {
        int operand = op.overwrites(result);
        if (operand < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(op.name())
                            + ": result "
                            + result
                            + " overwrites no operand: apply it instead");
        }
        if (operands[operand].payload() instanceof Stored stored && stored.isContiguous()) {
            return stored;
        }
        throw new IllegalArgumentException(
                ErrorPrefix.of(op.name())
                        + ": operand "
                        + operand
                        + " ("
                        + operands[operand].type()
                        + ") is to be written, but is a view or traced: pass a contiguous one");
    }

    private static void requireApart(Op op, Stored[] targets) {
        for (int i = 0; i < targets.length; i++) {
            for (int j = 0; j < i; j++) {
                if (targets[i].storage() == targets[j].storage()) {
                    throw new IllegalArgumentException(
                            ErrorPrefix.of(op.name())
                                    + ": operands "
                                    + op.overwrites(j)
                                    + " and "
                                    + op.overwrites(i)
                                    + " ("
                                    + targets[i].type()
                                    + ") are both to be written, and share memory; copy() one");
                }
            }
        }
    }

    /** Whether writing a target would change another operand before that is read. */
    private static boolean overlap(Op op, Stored[] targets, Stored[] operands) {
        for (int i = 0; i < targets.length; i++) {
            for (int j = 0; j < operands.length; j++) {
                if (j != op.overwrites(i) && operands[j].storage() == targets[i].storage()) {
                    return true;
                }
            }
        }
        return false;
    }

    private static void requireTypes(Op op, TensorType[] resultTypes, Stored[] targets) {
        for (int i = 0; i < targets.length; i++) {
            if (!targets[i].type().equals(resultTypes[i])) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of(op.name())
                                + ": result "
                                + i
                                + " is "
                                + resultTypes[i]
                                + ", which cannot be put into "
                                + targets[i].type());
            }
        }
    }

    /** A result that does not change while the targets are written, one after the other. */
    private static Tensor apartFrom(Stored[] targets, Tensor result) {
        for (Stored target : targets) {
            if (result.payload() instanceof Stored stored && stored.storage() == target.storage()) {
                return result.copy();
            }
        }
        return result;
    }

    private static Stored[] only(Stored result) {
        return new Stored[] {result};
    }

    /** A lineage among the operands that wants to record, if any. */
    private static @Nullable Lineage recorder(Tensor[] operands) {
        for (Tensor operand : operands) {
            Lineage lineage = operand.lineage();
            if (lineage != null && lineage.isRecording()) {
                return lineage;
            }
        }
        return null;
    }

    private static Tensor[] detached(Tensor[] operands) {
        Tensor[] detached = new Tensor[operands.length];
        for (int i = 0; i < operands.length; i++) {
            detached[i] = operands[i].withLineage(null);
        }
        return detached;
    }

    private static Tensor[] computeAll(Op op, Tensor[] operands) {
        Tracer tracer = tracer(op, operands);
        if (tracer != null) {
            return tracer.record(op, operands);
        }
        return switch (op) {
            case Prim.Loop loop -> named(loop, () -> runLoop(loop, operands));
            case Prim prim -> new Tensor[] {compute(prim, operands)};
            case Composite composite -> named(composite, () -> computeParts(composite, operands));
        };
    }

    private static @Nullable Tracer tracer(Op op, Tensor[] operands) {
        Tracer current = Tracer.current();
        if (current == null) {
            for (Tensor operand : operands) {
                if (operand.payload() instanceof Traced traced) {
                    return traced.tracer();
                }
            }
        }
        return current;
    }

    /** What {@code parts} give; what goes wrong in them is told as wrong in {@code op}. */
    private static Tensor[] named(Op op, Supplier<Tensor[]> parts) {
        try {
            return parts.get();
        } catch (RuntimeException e) {
            throw within(op, e);
        }
    }

    /** What went wrong in a part of {@code op}, with its name, where no method has given it one. */
    private static RuntimeException within(Op op, RuntimeException problem) {
        String inner = String.valueOf(problem.getMessage());
        if (inner.startsWith(op.name() + ": ") || !ErrorPrefix.orElse("").isEmpty()) {
            return problem;
        }
        String message = op.name() + ": in " + inner;
        RuntimeException outer =
                switch (problem) {
                    case IllegalArgumentException _ -> new IllegalArgumentException(message);
                    case IllegalStateException _ -> new IllegalStateException(message);
                    case IndexOutOfBoundsException _ -> new IndexOutOfBoundsException(message);
                    case OutOfDeviceMemoryException _ -> new OutOfDeviceMemoryException(message);
                    case RefusedOperationException _ -> problem;
                    case UnsupportedOperationException _ ->
                            new UnsupportedOperationException(message);
                    default -> problem;
                };
        if (outer != problem) {
            outer.initCause(problem);
        }
        return outer;
    }

    private static Tensor[] computeParts(Composite op, Tensor[] operands) {
        if (operands.length == 0) {
            return op.decompose(operands);
        }
        Backend backend = backendOf(op, operands);
        requireUsable(op, backend, operands);
        return switch (backend.supports(op, types(operands))) {
            case Support.Decompose() -> op.decompose(detached(operands));
            case Support.Native() -> {
                TensorType[] resultTypes = op.infer(types(operands));
                Stored[] results = new Stored[resultTypes.length];
                Tensor[] tensors = new Tensor[resultTypes.length];
                for (int i = 0; i < results.length; i++) {
                    results[i] = allocate(op, backend, resultTypes[i]);
                    tensors[i] = new Tensor(resultTypes[i], results[i], null);
                }
                run(backend, op, stored(op, backend, operands), results);
                yield tensors;
            }
            case Support.Unsupported(String reason) ->
                    throw refused(op, backend, reason, operands[0].dtype());
        };
    }

    private static Tensor[] runLoop(Prim.Loop op, Tensor[] operands) {
        TensorType[] resultTypes = TypeRules.infer(op, types(operands));
        if (operands.length > 0) {
            requireUsable(op, backendOf(op, operands), operands);
        }
        Tensor[] inputs = new Tensor[operands.length + 1];
        for (int i = 0; i < operands.length; i++) {
            // Carried in one layout, as a plan does: kernels may choose their way by it.
            boolean carried = i < resultTypes.length;
            inputs[i + 1] = carried ? operands[i].withLineage(null).contiguous() : operands[i];
        }
        for (long step = 0; step < op.steps(); step++) {
            Prim.Fill number = new Prim.Fill(DType.I64, Shape.SCALAR, step);
            inputs[0] = operands.length == 0 ? one(number) : createLike(operands[0], number);
            Tensor[] next = op.body().evaluate(inputs);
            for (int i = 0; i < next.length; i++) {
                inputs[i + 1] = next[i].withLineage(null).contiguous();
            }
        }
        Tensor[] results = new Tensor[resultTypes.length];
        System.arraycopy(inputs, 1, results, 0, results.length);
        return results;
    }

    /** A primitive with one result, on stored or traced operands, unrecorded. */
    private static Tensor compute(Prim op, Tensor[] operands) {
        Tracer tracer = tracer(op, operands);
        if (tracer != null) {
            return tracer.record(op, operands)[0];
        }
        TensorType[] operandTypes = types(operands);
        TensorType type = TypeRules.inferOne(op, operandTypes);
        if (operands.length == 0) {
            Backend backend = Backends.forDevice(Device.current());
            return execute(backend, op, operandTypes, type, new Stored[0]);
        }
        if (op instanceof Prim.CopyTo copyTo) {
            return copyTo(copyTo, operands[0]);
        }
        Stored view = Views.of(op, (Stored) operands[0].payload(), type);
        if (view != null) {
            requireLive(op, 0, view);
            return new Tensor(type, view, null);
        }
        Backend backend = backendOf(op, operands);
        return execute(backend, op, operandTypes, type, stored(op, backend, operands));
    }

    /** Each operand of a composite or a loop, since parts may not look at all of them. */
    private static void requireUsable(Op op, Backend backend, Tensor[] operands) {
        Stored[] stored = stored(op, backend, operands);
        for (int i = 0; i < stored.length; i++) {
            requireLive(op, i, stored[i]);
        }
    }

    /** For what gives a result without a look at its operands, as where one is empty. */
    static void requireLive(String name, Tensor... operands) {
        for (int i = 0; i < operands.length; i++) {
            if (operands[i].payload() instanceof Stored stored) {
                requireLive(name, i, stored);
            }
        }
    }

    private static void requireLive(Op op, int number, Stored operand) {
        requireLive(op.name(), number, operand);
    }

    private static void requireLive(String name, int number, Stored operand) {
        if (operand.storage().isReleased()) {
            throw new IllegalStateException(
                    ErrorPrefix.of(name)
                            + ": operand "
                            + number
                            + " ("
                            + operand.type()
                            + "): "
                            + Storage.RELEASED_MESSAGE);
        }
    }

    private static Tensor execute(
            Backend backend,
            Prim op,
            TensorType[] operandTypes,
            TensorType type,
            Stored[] operands) {
        requireSupported(backend, op, operandTypes, type);
        Stored result = allocate(op, backend, type);
        run(backend, op, operands, new Stored[] {result});
        return new Tensor(type, result, null);
    }

    private static Tensor copyTo(Prim.CopyTo op, Tensor operand) {
        Backend target = target(op);
        Stored source = (Stored) operand.payload();
        requireLive(op, 0, source);
        if (source.storage().backend() == target) {
            return operand.withLineage(null);
        }
        return HostCopies.upload(target, HostCopies.download(operand), operand.type());
    }

    private static Backend target(Prim.CopyTo op) {
        try {
            return Backends.forDevice(op.device());
        } catch (IllegalStateException e) {
            throw new IllegalStateException(ErrorPrefix.of(op.name()) + ": " + e.getMessage(), e);
        }
    }

    /** Memory for a result of {@code operation}. */
    static Stored allocate(String operation, Backend backend, TensorType type) {
        try {
            return new Stored(backend.memory().allocate(type, backend), type);
        } catch (OutOfDeviceMemoryException e) {
            throw shortage(operation, e);
        }
    }

    /** The same; what the operation is called is asked where it has to be told alone. */
    private static Stored allocate(Op op, Backend backend, TensorType type) {
        try {
            return new Stored(backend.memory().allocate(type, backend), type);
        } catch (OutOfDeviceMemoryException e) {
            throw shortage(op.name(), e);
        }
    }

    private static OutOfDeviceMemoryException shortage(
            String operation, OutOfDeviceMemoryException problem) {
        return new OutOfDeviceMemoryException(
                ErrorPrefix.of(operation) + ": " + problem.getMessage());
    }

    private static Backend backendOf(Op op, Tensor[] operands) {
        if (operands[0].payload() instanceof Stored stored) {
            return stored.storage().backend();
        }
        throw new IllegalStateException(
                ErrorPrefix.of(op.name()) + ": a traced tensor was used after its trace had ended");
    }

    private static Stored[] stored(Op op, Backend backend, Tensor... operands) {
        Stored[] stored = new Stored[operands.length];
        for (int i = 0; i < operands.length; i++) {
            if (!(operands[i].payload() instanceof Stored each)) {
                throw new IllegalStateException(
                        ErrorPrefix.of(op.name())
                                + ": operand "
                                + i
                                + " is traced, and has no values to read");
            }
            if (each.storage().backend() != backend) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of(op.name())
                                + ": operand 0 ("
                                + operands[0].type()
                                + ") is on "
                                + backend.device()
                                + ", operand "
                                + i
                                + " ("
                                + operands[i].type()
                                + ") on "
                                + each.storage().backend().device()
                                + "; copy one: x.to(device)");
            }
            stored[i] = each;
        }
        return stored;
    }

    private static void requireSupported(
            Backend backend, Prim op, TensorType[] operands, TensorType result) {
        if (backend.supports(op, operands) instanceof Support.Unsupported no) {
            TensorType first = operands.length > 0 ? operands[0] : result;
            throw refused(op, backend, no.reason(), first.dtype());
        }
    }

    private static void run(Backend backend, Op op, Stored[] operands, Stored[] results) {
        List<Storage> pinned = List.of();
        int entered = 0;
        try {
            for (; entered < operands.length + results.length; entered++) {
                Storage storage = piece(entered, operands, results).storage();
                if (storage.enter()) {
                    pinned = pinned.isEmpty() ? new ArrayList<>() : pinned;
                    pinned.add(storage);
                }
            }
            OperationEvent event = new OperationEvent();
            event.begin();
            backend.execute(op, operands, results);
            event.report(op, operands, results);
        } catch (IllegalStateException e) {
            throw entered < operands.length
                    ? new IllegalStateException(
                            ErrorPrefix.of(op.name())
                                    + ": operand "
                                    + entered
                                    + " ("
                                    + operands[entered].type()
                                    + "): "
                                    + e.getMessage(),
                            e)
                    : e;
        } catch (IndexOutOfBoundsException | LinearAlgebraException e) {
            throw renamed(op, e);
        } finally {
            Reference.reachabilityFence(operands);
            Reference.reachabilityFence(results);
            for (int i = 0; i < pinned.size(); i++) {
                pinned.get(i).unpin();
            }
        }
    }

    private static Stored piece(int index, Stored[] operands, Stored[] results) {
        return index < operands.length ? operands[index] : results[index - operands.length];
    }

    /** A backend knows the operation, and not the method that the user called. */
    private static RuntimeException renamed(Op op, RuntimeException problem) {
        String inner = String.valueOf(problem.getMessage());
        if (!inner.startsWith(op.name() + ": ")) {
            return problem;
        }
        String message = ErrorPrefix.of(op.name()) + inner.substring(op.name().length());
        RuntimeException renamed =
                problem instanceof LinearAlgebraException
                        ? new LinearAlgebraException(message)
                        : new IndexOutOfBoundsException(message);
        renamed.initCause(problem);
        return renamed;
    }

    private static RefusedOperationException refused(
            Op op, Backend backend, String reason, DType dtype) {
        return new RefusedOperationException(op, dtype, backend.device(), reason);
    }

    private static TensorType[] types(Tensor... tensors) {
        TensorType[] types = new TensorType[tensors.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = tensors[i].type();
        }
        return types;
    }
}
