package dev.ugoki.tensor;

import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.Traced;
import dev.ugoki.tensor.graph.Tracer;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * The one door that every operation goes through: its types are checked, then it is written down
 * (under a trace), taken as a view, or run by the backend of its operands, and last the operands'
 * lineage records it.
 *
 * <p>Users call the methods of {@link Tensor}; who writes an operation of his own applies it here.
 */
public final class Engine {
    private Engine() {}

    /** The single result of {@code op}. */
    public static Tensor one(Op op, Tensor... operands) {
        if (op instanceof Prim prim && !(op instanceof Prim.Loop) && recorder(operands) == null) {
            return compute(prim, operands);
        }
        return apply(op, operands)[0];
    }

    /**
     * The results of {@code op}.
     *
     * @throws IllegalArgumentException if the operands' shapes, dtypes or devices do not fit
     * @throws IllegalStateException if an operand was released
     */
    public static Tensor[] apply(Op op, Tensor... operands) {
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
        return apply(new Prim.Loop(body, loop.steps()), all.toArray(Tensor[]::new));
    }

    /**
     * Runs {@code op} and writes each result over the operand that it {@link Op#overwrites}: how
     * parameters change. Operands are taken as they are, without lineage.
     *
     * @throws IllegalArgumentException if a result overwrites nothing, or an overwritten operand is
     *     not a contiguous stored tensor of the result's type
     */
    public static void update(Op op, Tensor... operands) {
        Stored[] targets = new Stored[op.resultCount()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = target(op, i, operands);
        }
        requireTypes(op, TypeRules.infer(op, types(operands)), targets);
        Backend backend = targets[0].storage().backend();
        if (backend.supports(op, types(operands)) instanceof Support.Native) {
            run(backend, op, stored(op, backend, operands), targets);
        } else {
            try (TensorScope _ = TensorScope.open()) {
                Tensor[] results = computeAll(op, detached(operands));
                for (int i = 0; i < targets.length; i++) {
                    results[i] = apartFrom(targets, results[i]);
                }
                for (int i = 0; i < targets.length; i++) {
                    Op copying = new Prim.Reshape(targets[i].shape());
                    run(backend, copying, stored(op, backend, results[i]), only(targets[i]));
                }
            }
        }
        for (Stored target : targets) {
            target.storage().touch();
        }
    }

    /** The result of {@code op}, which has no operands, on the device of {@code like}. */
    static Tensor createLike(Tensor like, Prim op) {
        return like.payload() instanceof Stored stored && Tracer.current() == null
                ? execute(stored.storage().backend(), op, TypeRules.inferOne(op), new Stored[0])
                : one(op);
    }

    /** The same elements in a storage of their own, recorded as a reshape to the same shape. */
    static Tensor copyOf(Tensor tensor, Stored stored) {
        Prim.Reshape op = new Prim.Reshape(tensor.shape());
        Backend backend = stored.storage().backend();
        Tensor copy = execute(backend, op, tensor.type(), new Stored[] {stored});
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
                    op.name() + ": result " + result + " overwrites no operand: apply it instead");
        }
        if (operands[operand].payload() instanceof Stored stored && stored.isContiguous()) {
            return stored;
        }
        throw new IllegalArgumentException(
                op.name()
                        + ": operand "
                        + operand
                        + " ("
                        + operands[operand].type()
                        + ") is to be written, but is a view or traced: pass a contiguous one");
    }

    private static void requireTypes(Op op, TensorType[] resultTypes, Stored[] targets) {
        for (int i = 0; i < targets.length; i++) {
            if (!targets[i].type().equals(resultTypes[i])) {
                throw new IllegalArgumentException(
                        op.name()
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
            detached[i] = operands[i].detach();
        }
        return detached;
    }

    private static Tensor[] computeAll(Op op, Tensor[] operands) {
        Tracer tracer = tracer(op, operands);
        if (tracer != null) {
            return tracer.record(op, operands);
        }
        return switch (op) {
            case Prim.Loop loop -> runLoop(loop, operands);
            case Prim prim -> new Tensor[] {compute(prim, operands)};
            case Composite composite -> computeComposite(composite, operands);
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

    private static Tensor[] computeComposite(Composite op, Tensor[] operands) {
        if (operands.length == 0) {
            return op.decompose(operands);
        }
        Backend backend = backendOf(op, operands);
        return switch (backend.supports(op, types(operands))) {
            case Support.Decompose() -> op.decompose(detached(operands));
            case Support.Native() -> {
                TensorType[] resultTypes = op.infer(types(operands));
                Stored[] results = new Stored[resultTypes.length];
                Tensor[] tensors = new Tensor[resultTypes.length];
                for (int i = 0; i < results.length; i++) {
                    results[i] = allocate(backend, resultTypes[i]);
                    tensors[i] = new Tensor(resultTypes[i], results[i], null);
                }
                run(backend, op, stored(op, backend, operands), results);
                yield tensors;
            }
            case Support.Unsupported(String reason) -> throw unsupported(op, backend, reason);
        };
    }

    private static Tensor[] runLoop(Prim.Loop op, Tensor[] operands) {
        TensorType[] resultTypes = TypeRules.infer(op, types(operands));
        Tensor[] inputs = new Tensor[operands.length + 1];
        System.arraycopy(operands, 0, inputs, 1, operands.length);
        for (long step = 0; step < op.steps(); step++) {
            inputs[0] = Tensor.full(DType.I64, Shape.SCALAR, step);
            Tensor[] next = op.body().evaluate(inputs);
            System.arraycopy(next, 0, inputs, 1, next.length);
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
        TensorType type = TypeRules.inferOne(op, types(operands));
        if (operands.length == 0) {
            Backend backend = Backends.forDevice(Device.current());
            return execute(backend, op, type, new Stored[0]);
        }
        if (op instanceof Prim.CopyTo copyTo) {
            return copyTo(copyTo, operands[0]);
        }
        Stored view = Views.of(op, (Stored) operands[0].payload(), type);
        if (view != null) {
            return new Tensor(type, view, null);
        }
        Backend backend = backendOf(op, operands);
        return execute(backend, op, type, stored(op, backend, operands));
    }

    private static Tensor execute(Backend backend, Prim op, TensorType type, Stored[] operands) {
        Stored result = allocate(backend, type);
        run(backend, op, operands, new Stored[] {result});
        return new Tensor(type, result, null);
    }

    private static Tensor copyTo(Prim.CopyTo op, Tensor operand) {
        Backend target = Backends.forDevice(op.device());
        Stored source = (Stored) operand.payload();
        if (source.storage().backend() == target) {
            return operand.detach();
        }
        return HostCopies.upload(target, HostCopies.download(operand), operand.type());
    }

    private static Stored allocate(Backend backend, TensorType type) {
        return new Stored(backend.memory().allocate(type, backend), type);
    }

    private static Backend backendOf(Op op, Tensor[] operands) {
        if (operands[0].payload() instanceof Stored stored) {
            return stored.storage().backend();
        }
        throw new IllegalStateException(
                op.name() + ": a traced tensor was used after its trace had ended");
    }

    private static Stored[] stored(Op op, Backend backend, Tensor... operands) {
        Stored[] stored = new Stored[operands.length];
        for (int i = 0; i < operands.length; i++) {
            if (!(operands[i].payload() instanceof Stored each)) {
                throw new IllegalStateException(
                        op.name() + ": operand " + i + " is traced, and has no values to read");
            }
            if (each.storage().backend() != backend) {
                throw new IllegalArgumentException(
                        op.name()
                                + ": operand 0 is on "
                                + backend.device()
                                + ", operand "
                                + i
                                + " on "
                                + each.storage().backend().device()
                                + "; copy one: x.to(device)");
            }
            stored[i] = each;
        }
        return stored;
    }

    private static void run(Backend backend, Op op, Stored[] operands, Stored[] results) {
        if (op instanceof Prim
                && backend.supports(op, types(operands)) instanceof Support.Unsupported no) {
            throw unsupported(op, backend, no.reason());
        }
        int pinned = 0;
        try {
            for (; pinned < operands.length; pinned++) {
                operands[pinned].storage().pin();
            }
            for (; pinned < operands.length + results.length; pinned++) {
                results[pinned - operands.length].storage().pin();
            }
            backend.execute(op, operands, results);
        } catch (IllegalStateException e) {
            throw pinned < operands.length
                    ? new IllegalStateException(
                            op.name()
                                    + ": operand "
                                    + pinned
                                    + " ("
                                    + operands[pinned].type()
                                    + "): "
                                    + e.getMessage(),
                            e)
                    : e;
        } finally {
            for (int i = 0; i < pinned; i++) {
                (i < operands.length ? operands[i] : results[i - operands.length])
                        .storage()
                        .unpin();
            }
        }
    }

    private static UnsupportedOperationException unsupported(
            Op op, Backend backend, String reason) {
        return new UnsupportedOperationException(
                op.name() + ": " + backend.device() + " cannot run it: " + reason);
    }

    private static TensorType[] types(Tensor[] tensors) {
        TensorType[] types = new TensorType[tensors.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = tensors[i].type();
        }
        return types;
    }

    private static TensorType[] types(Stored[] stored) {
        TensorType[] types = new TensorType[stored.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = stored[i].type();
        }
        return types;
    }
}
