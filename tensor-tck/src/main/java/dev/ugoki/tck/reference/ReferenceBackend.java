package dev.ugoki.tck.reference;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.HostMemory;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * What every primitive means, as scalar loops that are as plain as possible. Slow; other backends
 * are measured against its results.
 *
 * <p>Floating dtypes are computed in double and rounded once, to nearest even, when a result is
 * stored; sums and products run in row-major order, sums without loss. Integers wrap to their
 * width. Transcendental functions are those of {@link StrictMath}, so that results are the same on
 * every machine.
 */
public final class ReferenceBackend implements Backend {
    private final Device device;
    private final MemoryPool memory;

    ReferenceBackend(Device device) {
        this.device = device;
        this.memory = new MemoryPool(device.toString(), new HostMemory(), HostMemory.budget());
    }

    @Override
    public Device device() {
        return device;
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
            case Composite _ -> Support.DECOMPOSE;
        };
    }

    @Override
    public void execute(Op op, Stored[] operands, Stored[] results) {
        Elements[] in = Arrays.stream(operands).map(Elements::new).toArray(Elements[]::new);
        Elements out = new Elements(results[0]);
        switch (op) {
            case Prim prim -> execute(prim, in, out);
            case RandomDraw.RandomNormal _ -> Elementwise.randomNormal(in[0], out);
            case Composite _ ->
                    throw new UnsupportedOperationException(op.name() + ": decomposes here");
        }
    }

    private static void execute(Prim op, Elements[] in, Elements out) {
        switch (op) {
            case Prim.Fill fill -> Elementwise.fill(fill, out);
            case Prim.Iota iota -> Elementwise.iota(iota, out);
            case Prim.RandomBits random -> Elementwise.randomBits(random, in[0], out);
            case Prim.Unary unary -> Elementwise.unary(unary, in[0], out);
            case Prim.Binary binary -> Elementwise.binary(binary, in[0], in[1], out);
            case Prim.Compare compare -> Elementwise.compare(compare, in[0], in[1], out);
            case Prim.Select _ -> Elementwise.select(in[0], in[1], in[2], out);
            case Prim.Cast _ -> Elementwise.cast(in[0], out);
            case Prim.Reshape _ -> Layouts.reshape(in[0], out);
            case Prim.Permute permute -> Layouts.permute(permute.dims(), in[0], out);
            case Prim.Expand _ -> Layouts.expand(in[0], out);
            case Prim.Slice slice -> Layouts.slice(slice.ranges(), in[0], out);
            case Prim.Pad pad -> Layouts.pad(pad, in[0], out);
            case Prim.Concat concat -> Layouts.concat(concat.dim(), in, out);
            case Prim.Reduce reduce -> Reductions.reduce(reduce, in[0], out);
            case Prim.ArgReduce arg -> Reductions.argReduce(arg, in[0], out);
            case Prim.Scan scan -> Reductions.scan(scan, in[0], out);
            case Prim.ArgSort sort -> Reductions.argSort(sort, in[0], out);
            case Prim.Gather gather -> Layouts.gather(gather, in[0], in[1], out);
            case Prim.Scatter scatter -> Layouts.scatter(scatter, in[0], in[1], in[2], out);
            case Prim.MatMul _ -> Products.matMul(in[0], in[1], out);
            case Prim.Conv conv -> Products.conv(conv, in[0], in[1], out);
            case Prim.ConvDataGrad grad -> Products.convDataGrad(grad, in[0], in[1], out);
            case Prim.ConvFilterGrad grad -> Products.convFilterGrad(grad, in[0], in[1], out);
            case Prim.Cholesky _ -> Matrices.cholesky(in[0], out);
            case Prim.TriangularSolve solve -> Matrices.triangularSolve(solve, in[0], in[1], out);
            case Prim.Solve _ -> Matrices.solve(in[0], in[1], out);
            case Prim.Determinant determinant ->
                    Matrices.determinant(determinant.kind(), in[0], out);
            case Prim.CopyTo _ -> throw notForBackends(op);
            case Prim.Loop _ -> throw notForBackends(op);
        }
    }

    private static UnsupportedOperationException notForBackends(Prim op) {
        return new UnsupportedOperationException(
                op.name() + ": is run by the engine, and never by a backend");
    }

    @Override
    public void upload(MemorySegment source, Stored destination) {
        bytesOf(destination).copyFrom(source);
    }

    @Override
    public void download(Stored source, MemorySegment destination) {
        destination.copyFrom(bytesOf(source));
    }

    private static MemorySegment bytesOf(Stored view) {
        return HostMemory.segment(view.address(), view.type().byteSize());
    }

    @Override
    public void synchronize() {
        // Everything is done when execute returns.
    }

    @Override
    public List<String> describe() {
        return List.of(
                "reference: naive scalar loops, the definition of every operation; for tests",
                "memory budget: " + memory.budget() + " bytes (-Dugoki.memory=BYTES)");
    }
}
