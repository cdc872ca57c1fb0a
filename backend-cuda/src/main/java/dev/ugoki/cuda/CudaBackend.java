package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.Driver;
import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.LinearActivation;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Repetition;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs operations on one CUDA device. Each family of kernels is a class of this package; this one
 * only says which runs what. Kernels run behind the calls, in the order of a stream.
 */
final class CudaBackend implements Backend {
    /** Whether plans run as graphs. */
    private static final boolean GRAPHS = !"false".equals(System.getProperty("ugoki.cuda.graphs"));

    private final Device device;
    private final Gpu gpu;
    private final AdamSteps adamSteps = new AdamSteps();
    private final JoinedKernels joined = new JoinedKernels(this);

    CudaBackend(Device device, Driver driver, long budget) {
        this.device = device;
        this.gpu = new Gpu(driver, this, device.toString(), budget);
    }

    /** All kernels whose source is known before a program runs. */
    static List<KernelBatch> batches() {
        List<KernelBatch> batches = new ArrayList<>();
        batches.addAll(Elementwise.batches());
        batches.addAll(Indexing.batches());
        batches.addAll(Reductions.batches());
        batches.addAll(Sorting.batches());
        batches.addAll(Products.batches());
        batches.addAll(Fused.batches());
        batches.addAll(FlashAttention.batches());
        batches.addAll(AdamSteps.batches());
        return batches;
    }

    /** The backend of a CUDA device, for what only such have. */
    static CudaBackend of(String asker, Device device) {
        if (Backends.forDevice(device) instanceof CudaBackend backend) {
            return backend;
        }
        throw new IllegalArgumentException(asker + ": " + device + " is no CUDA device");
    }

    Gpu gpu() {
        return gpu;
    }

    Lane openLane() {
        adamSteps.flushIfWaiting(gpu);
        return gpu.openLane();
    }

    /**
     * Writes down, on a stream of its own, what {@code work} asks for; the kernels that it needs
     * are compiled already.
     */
    CapturedGraph capture(Runnable work) {
        adamSteps.flushIfWaiting(gpu);
        gpu.closeAbandoned();
        Lane lane = gpu.openLaneForCapture();
        CapturedGraph[] captured = new CapturedGraph[1];
        try {
            Gpu.onLane(lane, () -> captured[0] = captureOn(lane, work));
        } catch (Throwable e) {
            lane.close();
            throw e;
        }
        return captured[0];
    }

    private CapturedGraph captureOn(Lane lane, Runnable work) {
        lane.beginCapture();
        try {
            work.run();
            adamSteps().flushIfWaiting(gpu);
        } catch (Throwable e) {
            lane.abandonCapture();
            throw e;
        }
        return lane.endCapture();
    }

    void replay(CapturedGraph captured) {
        adamSteps.flushIfWaiting(gpu);
        gpu.replay(captured);
    }

    /** The optimizer steps that wait for others: of the device, or of what is being captured. */
    private AdamSteps adamSteps() {
        AdamSteps own = gpu.lane().adamSteps();
        return own == null ? adamSteps : own;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public MemoryPool memory() {
        return gpu.memory;
    }

    @Override
    public Support supports(Op op, TensorType... operands) {
        return switch (op) {
            case Prim prim -> supports(prim, operands);
            case Linear _ -> nativeIf(Products.hasLinear(operands));
            case LinearActivation(Activation activation) ->
                    nativeIf(Products.hasLast(activation) && Products.hasLinear(operands));
            case ScaledDotProductAttention _ -> nativeIf(FlashAttention.has(operands, 0));
            case ScaledDotProductAttention.Gradient _ -> nativeIf(FlashAttention.has(operands, 3));
            case Composite composite ->
                    nativeIf(Fused.has(composite, operands) || AdamSteps.has(composite, operands));
        };
    }

    private static Support nativeIf(boolean has) {
        return has ? Support.NATIVE : Support.DECOMPOSE;
    }

    private static final Support NO_LINEAR_ALGEBRA =
            new Support.Unsupported(
                    "linear algebra is not there for CUDA yet; copy the matrices to the CPU:"
                            + " x.to(Device.cpu())");
    private static final Support TOO_MANY_DIMENSIONS =
            new Support.Unsupported(
                    "more than "
                            + Products.MAX_SPATIAL
                            + " spatial dimensions; convolve along fewer at a time");
    private static final Support UNKNOWN =
            new Support.Unsupported("this version of ugoki-backend-cuda does not know it; update");

    private static Support supports(Prim op, TensorType[] operands) {
        return switch (op) {
            case Prim.Cholesky _, Prim.TriangularSolve _, Prim.Solve _, Prim.Determinant _ ->
                    NO_LINEAR_ALGEBRA;
            case Prim.Conv _, Prim.ConvDataGrad _, Prim.ConvFilterGrad _ ->
                    operands[0].shape().rank() - 2 > Products.MAX_SPATIAL
                            ? TOO_MANY_DIMENSIONS
                            : Support.NATIVE;
            case Prim.Fill _,
                    Prim.Iota _,
                    Prim.RandomBits _,
                    Prim.Unary _,
                    Prim.Binary _,
                    Prim.Compare _,
                    Prim.Select _,
                    Prim.Cast _,
                    Prim.Reshape _,
                    Prim.Pad _,
                    Prim.Concat _,
                    Prim.Reduce _,
                    Prim.ArgReduce _,
                    Prim.Scan _,
                    Prim.ArgSort _,
                    Prim.Gather _,
                    Prim.Scatter _,
                    Prim.MatMul _,
                    Prim.Permute _,
                    Prim.Expand _,
                    Prim.Slice _,
                    Prim.CopyTo _,
                    Prim.Loop _ ->
                    Support.NATIVE;
            default -> UNKNOWN; // of a later version
        };
    }

    @Override
    public void execute(Op op, Stored[] operands, Stored[] results) {
        if (isAdam(op)) {
            gpu.ordered(operands, results, () -> run(op, operands, results));
        } else {
            ordered(operands, results, () -> run(op, operands, results));
        }
    }

    /** Runs what starts kernels on these, after all that they have to wait for. */
    void ordered(Stored[] operands, Stored[] results, Runnable launches) {
        AdamSteps waiting = adamSteps();
        if (waiting.mustRunBefore(operands, results)) {
            waiting.flush(gpu);
        }
        gpu.ordered(operands, results, launches);
    }

    @Override
    public @Nullable Kernel pointwise(Op op, TensorType... operands) {
        return joined.of(op, Pointwise.of(op, operands), operands);
    }

    @Override
    public Prepared prepare(Kernel kernel, Slot[] operands, Slot[] results) {
        return joined.prepare(kernel, operands, results);
    }

    @Override
    public int pendingKernels() {
        return joined.pending();
    }

    @Override
    public Repetition repetition(Runnable steps) {
        return GRAPHS ? new PlanGraph(this, steps) : Repetition.of(steps);
    }

    private static boolean isAdam(Op op) {
        return op instanceof OptimizerStep.AdamStep || op instanceof OptimizerStep.AdamWStep;
    }

    private void run(Op op, Stored[] operands, Stored[] results) {
        switch (op) {
            case Prim prim -> run(prim, operands, results[0]);
            case Linear _ -> Products.linear(gpu, operands, results[0]);
            case LinearActivation(Activation activation) ->
                    Products.linear(gpu, activation, operands, results[0]);
            case ScaledDotProductAttention attention ->
                    FlashAttention.forward(gpu, attention, operands, results);
            case ScaledDotProductAttention.Gradient gradient ->
                    FlashAttention.backward(gpu, gradient, operands, results);
            case OptimizerStep.MovingAverageStep _ ->
                    AdamSteps.movingAverage(gpu, operands, results[0]);
            case Composite composite when isAdam(composite) ->
                    adamSteps().add(gpu, composite, operands, results, gpu.isOrdered());
            case Composite composite -> Fused.run(gpu, composite, operands, results);
        }
    }

    private void run(Prim op, Stored[] in, Stored out) {
        switch (op) {
            case Prim.Fill fill -> Elementwise.fill(gpu, fill.dtype(), fill.value(), out);
            case Prim.Iota iota -> Elementwise.iota(gpu, iota, out);
            case Prim.RandomBits random ->
                    Elementwise.randomBits(gpu, random.firstBlock(), in[0], out);
            case Prim.Unary unary -> Elementwise.unary(gpu, unary, in[0], out);
            case Prim.Binary binary -> Elementwise.binary(gpu, binary, in[0], in[1], out);
            case Prim.Compare compare -> Elementwise.compare(gpu, compare, in[0], in[1], out);
            case Prim.Select _ -> Elementwise.select(gpu, in[0], in[1], in[2], out);
            case Prim.Cast _ -> Elementwise.cast(gpu, in[0], out);
            case Prim.Reshape _ -> Elementwise.copy(gpu, in[0], out);
            case Prim.Pad pad -> Elementwise.pad(gpu, pad, in[0], out);
            case Prim.Concat concat -> Elementwise.concat(gpu, concat.dim(), in, out);
            case Prim.Reduce reduce -> Reductions.reduce(gpu, reduce, in[0], out);
            case Prim.ArgReduce arg -> Reductions.argReduce(gpu, arg, in[0], out);
            case Prim.Scan scan -> Reductions.scan(gpu, scan, in[0], out);
            case Prim.ArgSort sort -> Sorting.argSort(gpu, sort, in[0], out);
            case Prim.Gather gather -> Indexing.gather(gpu, gather, in[0], in[1], out);
            case Prim.Scatter scatter -> Indexing.scatter(gpu, scatter, in[0], in[1], in[2], out);
            case Prim.MatMul _ -> Products.matMul(gpu, in[0], in[1], out);
            case Prim.Conv conv -> Products.conv(gpu, conv, in[0], in[1], out);
            case Prim.ConvDataGrad grad -> Products.dataGradient(gpu, grad, in[0], in[1], out);
            case Prim.ConvFilterGrad grad -> Products.filterGradient(gpu, grad, in[0], in[1], out);
            case Prim.Cholesky _, Prim.TriangularSolve _, Prim.Solve _, Prim.Determinant _ ->
                    throw new UnsupportedOperationException(op.name() + ": was refused");
            case Prim.Permute _, Prim.Expand _, Prim.Slice _, Prim.CopyTo _, Prim.Loop _ ->
                    throw new UnsupportedOperationException(
                            op.name() + ": is run by the engine, and never by a backend");
        }
    }

    @Override
    public void upload(MemorySegment source, Stored destination) {
        adamSteps.flushIfWaiting(gpu);
        if (source.byteSize() > 0) {
            gpu.ordered(
                    new Stored[0],
                    new Stored[] {destination},
                    () -> gpu.lane().upload(source, destination.address()));
        }
    }

    @Override
    public void download(Stored source, MemorySegment destination) {
        adamSteps.flushIfWaiting(gpu);
        gpu.ordered(
                new Stored[] {source},
                new Stored[0],
                () -> gpu.lane().download(source.address(), destination));
    }

    @Override
    public void synchronize() {
        adamSteps.flushIfWaiting(gpu);
        gpu.closeAbandoned();
        gpu.synchronize();
    }

    @Override
    public List<String> describe() {
        List<String> lines = new ArrayList<>(gpu.driver.describe());
        lines.add("memory budget: " + gpu.memory.budget() + " bytes (-Dugoki.memory=BYTES)");
        return lines;
    }
}
