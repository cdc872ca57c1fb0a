package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.HostMemory;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A backend that plans can be made for, and that runs nothing; and shorthands for tests. */
final class Planning implements Backend {
    private final MemoryPool memory = new MemoryPool("planning", new HostMemory(), 1 << 20);
    private final boolean reduces;

    Planning() {
        this(false);
    }

    /** One that reduces rows within kernels, or not. */
    Planning(boolean reduces) {
        this.reduces = reduces;
    }

    static TensorType type(long... shape) {
        return new TensorType(DType.F32, Shape.of(shape));
    }

    /** The steps of a program, before anything is done to them. */
    Steps lowered(Graph.Program program, TensorType... inputs) {
        return lowered(Graph.trace(program, inputs));
    }

    Steps lowered(Graph graph) {
        List<Stored> places = new ArrayList<>();
        for (TensorType type : graph.inputTypes()) {
            places.add(new Stored(Storage.placeholder(this), type));
        }
        return Lowering.lower(this, graph, places);
    }

    /** The steps as words: the names of their operations. */
    static List<String> names(Steps steps) {
        return steps.steps().stream().map(Step::toString).toList();
    }

    @Override
    public Device device() {
        return new Device("planning", 0);
    }

    @Override
    public MemoryPool memory() {
        return memory;
    }

    @Override
    public Support supports(Op op, TensorType... operands) {
        return Support.NATIVE;
    }

    @Override
    public @Nullable Kernel pointwise(Op op, TensorType... operands) {
        KernelBuilder kernel = new KernelBuilder();
        return switch (op) {
            case Prim.Unary _ -> kernel.output(kernel.input(Layout.FULL).negated()).build();
            case Prim.Binary _ -> {
                FloatValue x = kernel.input(Layout.FULL);
                yield kernel.output(x.plus(kernel.input(Layout.FULL))).build();
            }
            default -> null;
        };
    }

    @Override
    public boolean reducesWithin(Prim.Reduce op, TensorType operand) {
        return reduces;
    }

    @Override
    public boolean ends(Op op, Stored... operands) {
        return op instanceof Prim.MatMul;
    }

    @Override
    public void execute(Op op, Stored[] operands, Stored[] results) {
        throw new AssertionError("runs nothing");
    }

    @Override
    public void upload(MemorySegment source, Stored destination) {
        throw new AssertionError("runs nothing");
    }

    @Override
    public void download(Stored source, MemorySegment destination) {
        throw new AssertionError("runs nothing");
    }

    @Override
    public void synchronize() {}

    @Override
    public List<String> describe() {
        return List.of();
    }
}
