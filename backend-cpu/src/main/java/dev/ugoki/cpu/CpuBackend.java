package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Ending;
import dev.ugoki.tensor.spi.HostMemory;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.RowReduction;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs operations on this machine's processor. Each family of kernels is a class of this package;
 * this one only says which runs what.
 */
final class CpuBackend implements Backend {
    private final MemoryPool memory = new MemoryPool("cpu", new HostMemory(), HostMemory.budget());

    @Override
    public Device device() {
        return Device.cpu();
    }

    @Override
    public MemoryPool memory() {
        return memory;
    }

    @Override
    public Support supports(Op op, TensorType... operands) {
        return switch (op) {
            case Prim _ -> Support.NATIVE;
            case RandomDraw.RandomNormal _ -> Support.NATIVE;
            case ScaledDotProductAttention _, ScaledDotProductAttention.Gradient _ ->
                    Attention.has(operands) ? Support.NATIVE : Support.DECOMPOSE;
            case RandomDraw.RandomUniform uniform when uniform.dtype() == DType.F32 ->
                    Support.NATIVE;
            case Linear _ -> Products.hasLinear(operands) ? Support.NATIVE : Support.DECOMPOSE;
            case Composite composite ->
                    FusedKernels.has(composite, operands) ? Support.NATIVE : Support.DECOMPOSE;
        };
    }

    @Override
    public void execute(Op op, Stored[] operands, Stored[] results) {
        switch (op) {
            case Prim prim -> execute(prim, operands, results[0]);
            case RandomDraw.RandomNormal _ -> Fill.randomNormal(operands[0], results[0]);
            case ScaledDotProductAttention attention ->
                    Attention.forward(attention, operands, results);
            case ScaledDotProductAttention.Gradient gradient ->
                    Attention.backward(gradient, operands, results);
            case RandomDraw.RandomUniform _ -> Fill.randomUniform(operands[0], results[0]);
            case Linear _ -> Products.linear(operands, results[0]);
            case Composite composite -> FusedKernels.run(composite, operands, results);
        }
    }

    @Override
    public boolean wantsContiguous(Op op, int number, Stored... operands) {
        return PreparedSteps.wantContiguous(op, number, operands);
    }

    @Override
    public boolean widens(Op op, Stored... operands) {
        return PreparedSteps.widen(op, operands);
    }

    @Override
    public @Nullable Kernel pointwise(Op op, TensorType... operands) {
        return Pointwise.of(op, operands);
    }

    @Override
    public Prepared prepare(Op op, Slot[] operands, Slot[] results) {
        Prepared step = PreparedSteps.of(op, operands, results);
        return step != null ? step : Prepared.ofExecute(this, op, operands, results);
    }

    @Override
    public Prepared prepare(Kernel kernel, Slot[] operands, Slot[] results) {
        return new NestStep(kernel, operands, results);
    }

    @Override
    public boolean reducesWithin(Prim.Reduce op, TensorType operand) {
        return ReducedNestStep.has(op, operand);
    }

    @Override
    public Prepared prepare(
            Kernel kernel, RowReduction reduction, Slot[] operands, Slot[] results) {
        return new ReducedNestStep(kernel, reduction, operands, results);
    }

    @Override
    public boolean keepsResults() {
        return true;
    }

    @Override
    public boolean ends(Op op, Stored... operands) {
        return ProductStep.ends(op, operands);
    }

    @Override
    public Prepared prepare(Op op, Slot[] operands, Ending ending) {
        return ProductStep.of(op, operands, ending);
    }

    private static void execute(Prim op, Stored[] in, Stored out) {
        switch (op) {
            case Prim.Fill fill ->
                    Fill.with(out.dtype(), fill.value(), out.elementCount(), out.address());
            case Prim.Iota iota -> Fill.iota(iota, out);
            case Prim.RandomBits random -> Fill.randomBits(random, in[0], out);
            case Prim.Unary unary -> Elementwise.unary(unary.kind(), in[0], out);
            case Prim.Binary binary -> Elementwise.binary(binary.kind(), in[0], in[1], out);
            case Prim.Compare compare -> Elementwise.compare(compare.kind(), in[0], in[1], out);
            case Prim.Select _ -> Elementwise.select(in[0], in[1], in[2], out);
            case Prim.Cast _ -> Elementwise.cast(in[0], out);
            case Prim.Reshape _ -> StridedCopy.toContiguous(in[0], out.address());
            case Prim.Pad pad -> Indexing.pad(pad, in[0], out);
            case Prim.Concat concat -> Indexing.concat(concat, in, out);
            case Prim.Reduce reduce -> Rows.reduce(reduce, in[0], out);
            case Prim.ArgReduce arg -> Rows.argReduce(arg, in[0], out);
            case Prim.Scan scan -> Rows.scan(scan, in[0], out);
            case Prim.ArgSort sort -> Rows.argSort(sort, in[0], out);
            case Prim.Gather gather -> Indexing.gather(gather, in[0], in[1], out);
            case Prim.Scatter scatter -> Indexing.scatter(scatter, in[0], in[1], in[2], out);
            case Prim.MatMul _ -> Products.matMul(in[0], in[1], out);
            case Prim.Conv conv -> Convolution.forward(conv, in[0], in[1], out);
            case Prim.ConvDataGrad grad -> Convolution.dataGradient(grad, in[0], in[1], out);
            case Prim.ConvFilterGrad grad -> Convolution.filterGradient(grad, in[0], in[1], out);
            case Prim.Cholesky _ -> LinearEquations.cholesky(in[0], out);
            case Prim.TriangularSolve solve ->
                    LinearEquations.triangularSolve(solve, in[0], in[1], out);
            case Prim.Solve _ -> LinearEquations.solve(in[0], in[1], out);
            case Prim.Determinant determinant ->
                    LinearEquations.determinant(determinant.kind(), in[0], out);
            case Prim.Permute _, Prim.Expand _, Prim.Slice _, Prim.CopyTo _, Prim.Loop _ ->
                    throw new UnsupportedOperationException(
                            op.name() + ": is run by the engine, and never by a backend");
        }
    }

    @Override
    public void upload(MemorySegment source, Stored destination) {
        MemorySegment.copy(source, 0, NativeMemory.ALL, destination.address(), source.byteSize());
    }

    @Override
    public void download(Stored source, MemorySegment destination) {
        MemorySegment.copy(
                NativeMemory.ALL, source.address(), destination, 0, destination.byteSize());
    }

    @Override
    public void synchronize() {
        // Everything is done when execute returns.
    }

    @Override
    public int pendingKernels() {
        return GeneratedKernels.pending();
    }

    @Override
    public boolean warmUp(Duration limit) {
        CommonKernels.request();
        try {
            return GeneratedKernels.awaitNonePending(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public List<String> describe() {
        List<String> lines = new ArrayList<>();
        lines.add("threads: " + ThreadPool.shared().threads() + " (-Dugoki.threads=N)");
        lines.add("memory budget: " + memory.budget() + " bytes (-Dugoki.memory=BYTES)");
        lines.add(
                OpenBlas.isUsable()
                        ? "matrix products: " + OpenBlas.version() + " for " + OpenBlas.coreName()
                        : "matrix products: in Java; no OpenBLAS: " + OpenBlas.unusableBecause());
        lines.add("oneDNN for F32 products: " + OneDnn.describe());
        return lines;
    }
}
