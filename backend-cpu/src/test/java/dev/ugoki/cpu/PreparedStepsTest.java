package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tck.CompositeRows;
import dev.ugoki.tck.PrimitiveRows;
import dev.ugoki.tck.Row;
import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Indexing;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Statistics;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What plans run has the bits of the eager operations, and allocates nothing. */
final class PreparedStepsTest {
    /** Operations of which some row of the kit is run as it is run eagerly. */
    private static final Set<String> UNPREPARED =
            Set.of(
                    "cholesky of F32",
                    "cholesky of F64",
                    "conv of F64",
                    "convDataGrad of F64",
                    "convFilterGrad of BF16",
                    "convFilterGrad of F16",
                    "convFilterGrad of F64",
                    "determinant of F32",
                    "determinant of F64",
                    "layerNorm of F32",
                    "layerNormGradient of F32",
                    "matMul of I32",
                    "matMul of I64",
                    "matMul of I8",
                    "matMul of U8",
                    "randomNormal of BF16",
                    "randomNormal of F16",
                    "randomNormal of F64",
                    "solve of F32",
                    "solve of F64",
                    "triangularSolve of F32",
                    "triangularSolve of F64");

    private static Tensor normal(int seed, long... shape) {
        return Random.normal(Key.of(seed), DType.F32, shape);
    }

    private static void check(Graph.Program program, Tensor... inputs) {
        Tensor[] eager = program.apply(inputs);
        BoundPlan plan = Ugoki.compile(program).joinedAtOnce().bind(inputs);
        plan.run();
        for (int i = 0; i < eager.length; i++) {
            assertEquals(eager[i].type(), plan.result(i).type());
            long difference = eager[i].toMemory().mismatch(plan.result(i).toMemory());
            assertTrue(difference < 0, "byte " + difference + " of result " + i);
        }
        plan.warmUp();
        assertEquals(0, Allocation.bytesPerCall(plan::run), plan::describe);
    }

    private static Tensor[] results(Tensor... results) {
        return results;
    }

    @Test
    void gather() {
        Tensor rows = Tensor.of(new long[] {3, 0, 3, 6}, 4);
        Tensor places = Tensor.of(new int[] {1, 2, 0, 4, 4, 0}, 2, 3);
        check(
                in ->
                        results(
                                in[0].indexSelect(0, in[1]),
                                in[0].transpose(0, 1).indexSelect(1, in[1]),
                                in[0].gather(1, in[2]),
                                in[0].cast(DType.F64).indexSelect(0, in[1])),
                normal(1, 7, 5),
                rows,
                places);
    }

    @Test
    void scatter() {
        Tensor rows = Tensor.of(new long[] {3, 0, 3}, 3);
        check(
                in ->
                        results(
                                Indexing.indexAdd(in[0], 0, in[2], in[1]),
                                Indexing.indexCopy(in[0].flip(0), 0, in[2], in[1]),
                                Indexing.indexAdd(
                                        in[0].cast(DType.F16), 0, in[2], in[1].cast(DType.F16))),
                normal(1, 5, 6),
                normal(2, 3, 6),
                rows);
    }

    @Test
    void anIndexOutOfRangeIsStillNamed() {
        BoundPlan plan =
                Ugoki.compile(in -> results(in[0].indexSelect(0, in[1])))
                        .bind(normal(1, 3, 2), Tensor.of(new long[] {7}, 1));

        String message = assertThrows(IndexOutOfBoundsException.class, plan::run).getMessage();

        assertTrue(message.contains("index 7 is out of range for dimension 0"), message);
    }

    @Test
    void attention() {
        Tensor allowed = normal(4, 1, 1, 9, 12).gt(-1);
        check(
                in ->
                        results(
                                Attention.scaledDotProduct(in[0], in[1], in[2]),
                                Attention.scaledDotProduct(in[0], in[1], in[2], in[3], false),
                                Attention.scaledDotProduct(
                                        in[0].transpose(2, 3).contiguous().transpose(2, 3),
                                        in[1],
                                        in[2],
                                        null,
                                        true)),
                normal(1, 2, 3, 9, 8),
                normal(2, 2, 3, 12, 8),
                normal(3, 2, 3, 12, 5),
                allowed.expand(2, 3, 9, 12));
    }

    @Test
    void gradientsOfAttention() {
        check(
                in -> {
                    Tensor[] followed = new Tensor[3];
                    for (int i = 0; i < 3; i++) {
                        followed[i] = Autograd.variable(in[i]);
                    }
                    Tensor y = Attention.scaledDotProduct(followed[0], followed[1], followed[2]);
                    return Autograd.backward(List.of(y), List.of(in[3]))
                            .of(List.of(followed))
                            .toArray(Tensor[]::new);
                },
                normal(1, 1, 2, 9, 8),
                normal(2, 1, 2, 12, 8),
                normal(3, 1, 2, 12, 5),
                normal(4, 1, 2, 9, 5));
    }

    @Test
    void crossEntropyAndItsGradient() {
        check(
                in -> {
                    Tensor scores = Autograd.variable(in[0]);
                    Tensor loss = Losses.crossEntropy(scores, in[1]);
                    return results(loss.detach(), Autograd.backward(loss).of(scores));
                },
                normal(1, 6, 11),
                Tensor.of(new long[] {0, 10, 3, 3, 7, 1}, 6));
    }

    @Test
    void reductions() {
        check(
                in ->
                        results(
                                in[0].sum(false, 1),
                                in[0].max(false, 0),
                                in[0].min(false, 1),
                                in[0].prod(false, 2),
                                in[0].cast(DType.F64).sum(false, 0, 2),
                                in[1].sum(false, 0),
                                in[1].max(false, 1),
                                in[0].gt(0).all(false, 1),
                                in[0].gt(2).any(false, 2)),
                normal(1, 4, 5, 32),
                Tensor.arange(DType.I64, 12).reshape(3, 4));
    }

    @Test
    void linesAlongADimension() {
        check(
                in ->
                        results(
                                in[0].cumsum(1),
                                in[0].transpose(0, 1).cumsum(1),
                                in[0].argmax(1, false),
                                in[1].cumsum(0),
                                in[1].argmin(1, false)),
                normal(1, 4, 9),
                Tensor.arange(DType.I64, 12).reshape(3, 4).rem(5));
    }

    @Test
    void ordersAndMedians() {
        check(
                in ->
                        results(
                                in[0].argsort(0, false),
                                in[0].sort(1, true).values(),
                                in[0].transpose(0, 1).argsort(0, true),
                                in[0].cast(DType.F64).argsort(1, false),
                                in[1].sort(0, false).values(),
                                Statistics.median(in[0], 0, false),
                                Statistics.median(in[0], 1, true)),
                normal(1, 16, 90),
                Tensor.arange(DType.I64, 300).mul(7919).rem(101));
    }

    /** What is not prepared may allocate in a plan: the list shall only get shorter. */
    @Test
    void fewOperationsAreNotPrepared() {
        List<Row> rows = new ArrayList<>(PrimitiveRows.all());
        rows.addAll(CompositeRows.all());
        Set<String> found = new TreeSet<>();
        for (Row row : rows) {
            for (DType dtype : row.dtypes()) {
                if (isUnprepared(row, dtype)) {
                    found.add(row.op().apply(dtype).name() + " of " + dtype);
                }
            }
        }
        assertEquals(UNPREPARED, found);
    }

    private static boolean isUnprepared(Row row, DType dtype) {
        Backend backend = Backends.forDevice(Device.cpu());
        Op op = row.op().apply(dtype);
        TensorType[] types =
                row.operands().stream()
                        .map(each -> new TensorType(each.dtypeIn(dtype), each.shape()))
                        .toArray(TensorType[]::new);
        boolean empty = Arrays.stream(types).anyMatch(each -> each.shape().elementCount() == 0);
        boolean isView =
                op instanceof Prim.Permute
                        || op instanceof Prim.Expand
                        || op instanceof Prim.Slice
                        || op instanceof Prim.CopyTo
                        || op instanceof Prim.Loop;
        boolean once = op instanceof Prim.Iota;
        if (empty
                || isView
                || once
                || !(backend.supports(op, types) instanceof Support.Native)
                || backend.pointwise(op, types) != null) {
            return false; // There is no step, it runs once, or it is a joined kernel.
        }
        Stored[] operands = stored(backend, types);
        return !backend.widens(op, operands)
                && PreparedSteps.of(
                                op,
                                slots(operands),
                                slots(stored(backend, TypeRules.infer(op, types))))
                        == null;
    }

    private static Stored[] stored(Backend backend, TensorType[] types) {
        return Arrays.stream(types)
                .map(type -> new Stored(Storage.placeholder(backend), type))
                .toArray(Stored[]::new);
    }

    private static Slot[] slots(Stored[] views) {
        return Arrays.stream(views).map(Slot::new).toArray(Slot[]::new);
    }

    @Test
    void elementsOfOtherDtypes() {
        check(
                in -> {
                    Tensor half = in[0].cast(DType.F16);
                    Tensor row = in[1].cast(DType.F16);
                    return results(
                            half.add(row),
                            half.transpose(0, 1).mul(2).exp(),
                            half.gelu(),
                            in[0].transpose(0, 1).cast(DType.BF16).sin(),
                            in[0].cast(DType.BF16).slice(1, 3, 4).cast(DType.F32),
                            in[0].cast(DType.F64).sub(in[1].cast(DType.F64)).tanh(),
                            in[0].sin().mul(in[1].sin()),
                            in[2].mul(in[2].slice(1, 0, 1)).cast(DType.U8),
                            in[2].gt(3).select(in[2], in[2].neg()));
                },
                normal(1, 6, 10),
                normal(2, 10),
                Tensor.arange(DType.I64, 12).reshape(3, 4));
    }

    @Test
    void halfPrecision() {
        for (DType dtype : List.of(DType.F16, DType.BF16)) {
            check(
                    in -> {
                        Tensor x = in[0].cast(dtype);
                        Tensor w = in[1].cast(dtype);
                        Tensor y = x.matmul(w);
                        Tensor heads = y.reshape(1, 2, 6, 16);
                        return results(
                                y,
                                x.matmul(w.transpose(0, 1).contiguous().transpose(0, 1)),
                                y.softmax(-1),
                                Normalizations.layerNorm(
                                        y, 1, in[2].cast(dtype), in[3].cast(dtype), 1e-5),
                                y.sum(false, -1),
                                y.mean(false, 0),
                                y.max(false, 0),
                                Attention.scaledDotProduct(heads, heads, heads));
                    },
                    normal(1, 12, 8),
                    normal(2, 8, 16),
                    normal(3, 16),
                    normal(4, 16));
        }
    }

    /** The kernel and the reduction of its rows are one step, whatever the rows' length. */
    @Test
    void reductionsWithinKernels() {
        for (long[] shape :
                new long[][] {{1, 3}, {7, 5}, {70, 33}, {3, 4096}, {5, 9000}, {2, 65536}}) {
            Tensor x = normal(1, shape);
            check(
                    in -> {
                        Tensor centred = in[0].sub(in[0].mul(2).mean(true, 1)).add(in[1]);
                        return results(
                                centred,
                                centred.square().sum(false, 1),
                                in[0].abs().max(false, 1),
                                in[0].exp().sum(),
                                in[0].reshape(-1, 1, shape[1]).mul(in[2]).min(false, 2));
                    },
                    x,
                    normal(2, shape[1]),
                    normal(3, shape[0], 1, 1));
        }
    }

    @Test
    void rowsOfTheReductionMayBeLongerOrShorterThanThoseOfTheKernel() {
        check(
                in ->
                        results(
                                in[0].mul(in[1]).square().sum(false, 1, 2),
                                in[0].add(in[2]).square().sum(false, 2),
                                in[0].mul(in[1]).add(in[2]).sum(false, 2)),
                normal(1, 6, 10, 24),
                normal(2, 10, 1),
                normal(3, 6, 1, 1));
    }

    @Test
    void aWeightThatAPlanKeepsInAnotherOrderFollowsItsChanges() {
        Parameter weight = new Parameter(normal(1, 50, 300));
        Tensor bias = normal(2, 50);
        Tensor x = normal(3, 20, 300);
        Graph.Program program =
                in ->
                        results(
                                in[0].linear(weight.tensor(), bias),
                                in[0].slice(1, 0, 100)
                                        .contiguous()
                                        .linear(weight.tensor().slice(1, 200, 300), null),
                                in[0].matmul(weight.tensor().transpose(0, 1)));
        BoundPlan plan = Ugoki.compile(program).joinedAtOnce().bind(x);
        for (int seed = 4; seed < 7; seed++) {
            plan.run();
            Tensor[] eager = program.apply(new Tensor[] {x});
            for (int i = 0; i < eager.length; i++) {
                long difference = eager[i].toMemory().mismatch(plan.result(i).toMemory());
                assertTrue(difference < 0, "byte " + difference + " of result " + i);
            }
            weight.assign(normal(seed, 50, 300));
        }
        assertEquals(0, Allocation.bytesPerCall(plan::run), plan::describe);
    }

    @Test
    void aConvolutionToFewPositionsKeepsItsWeightToo() {
        Parameter weight = new Parameter(normal(1, 40, 24, 5));
        Graph.Program program =
                in ->
                        results(
                                Convolutions.conv1d(
                                        in[0],
                                        weight.tensor(),
                                        null,
                                        Convolutions.Settings.DEFAULT.withPadding(2)));
        Tensor x = normal(3, 1, 24, 6);
        BoundPlan plan = Ugoki.compile(program).joinedAtOnce().bind(x);
        for (int seed = 4; seed < 6; seed++) {
            plan.run();
            Tensor eager = program.apply(new Tensor[] {x})[0];
            long difference = eager.toMemory().mismatch(plan.result(0).toMemory());
            assertTrue(difference < 0, "byte " + difference);
            weight.assign(normal(seed, 40, 24, 5));
        }
        assertEquals(0, Allocation.bytesPerCall(plan::run), plan::describe);
    }

    @Test
    void aWeightThatThePlanTrainsIsMultipliedAsItIs() {
        Parameter planned = new Parameter(normal(1, 50, 33));
        Parameter eager = new Parameter(normal(1, 50, 33));
        Tensor x = normal(3, 20, 33);
        BoundPlan plan =
                Ugoki.compile(in -> results(trained(planned, in[0]))).joinedAtOnce().bind(x);
        for (int run = 0; run < 3; run++) {
            plan.run();
            Tensor expected = trained(eager, x);
            long difference = expected.toMemory().mismatch(plan.result(0).toMemory());
            assertTrue(difference < 0, "byte " + difference + " in run " + run);
        }
    }

    @Test
    void productsEndInWhatFollowsOnThem() {
        Tensor bias = normal(1, 130);
        for (int rows : new int[] {1, 3, 20, 300}) {
            Tensor weight = normal(2, 130, 70);
            check(
                    in ->
                            results(
                                    in[0].linear(weight, bias).gelu(),
                                    in[0].linear(weight, bias).relu().add(in[1]),
                                    in[0].linear(weight, null).add(in[2]).mul(in[3]),
                                    in[0].matmul(in[4]).gt(0.5),
                                    in[0].matmul(in[4]).add(in[0].matmul(in[4].neg())).exp(),
                                    in[0].reshape(rows, 1, 70)
                                            .linear(weight, bias)
                                            .add(in[1].reshape(rows, 1, 130))
                                            .mul(2)),
                    normal(3, rows, 70),
                    normal(4, rows, 130),
                    normal(5, 130),
                    normal(6, rows, 1),
                    normal(7, 70, 130));
        }
    }

    @Test
    void largeProductsEndRegionByRegion() {
        Tensor weight = normal(1, 2100, 520);
        Tensor bias = normal(2, 2100);
        for (int rows : new int[] {1, 12, 400}) {
            check(
                    in -> results(in[0].linear(weight, bias).relu().add(in[1])),
                    normal(3, rows, 520),
                    normal(4, rows, 2100));
        }
    }

    @Test
    void whatFollowsFromWeightsAloneIsKeptUntilTheyChange() {
        Parameter queries = new Parameter(normal(1, 20, 32));
        Parameter weight = new Parameter(normal(2, 32, 32));
        Graph.Program program =
                in -> {
                    Tensor learned = queries.tensor().linear(weight.tensor(), null).gelu();
                    Tensor scores = learned.matmul(in[0].transpose(0, 1)).softmax(-1);
                    return results(
                            scores.matmul(in[0]).add(learned),
                            in[0].linear(learned.exp(), null),
                            learned.neg());
                };
        Tensor x = normal(3, 7, 32);
        BoundPlan plan = Ugoki.compile(program).joinedAtOnce().bind(x);

        assertTrue(plan.describe().contains("kept: "), plan::describe);
        for (int seed = 4; seed < 7; seed++) {
            plan.run();
            plan.run();
            Tensor[] eager = program.apply(new Tensor[] {x});
            for (int i = 0; i < eager.length; i++) {
                long difference = eager[i].toMemory().mismatch(plan.result(i).toMemory());
                assertTrue(difference < 0, "byte " + difference + " of result " + i);
            }
            (seed == 4 ? queries : weight).assign(normal(seed, seed == 4 ? 20 : 32, 32));
        }
        assertEquals(0, Allocation.bytesPerCall(plan::run), plan::describe);
    }

    @Test
    void whatIsKeptHasALimit() {
        int count = 20;
        List<Parameter> weights = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            weights.add(new Parameter(normal(i, 512, 512)));
        }
        Graph.Program program =
                in -> {
                    Tensor y = in[0];
                    for (Parameter weight : weights) {
                        // A running sum joins nothing, so that each is one result of a MiB.
                        y = y.matmul(weight.tensor().cumsum(1)).tanh();
                    }
                    return results(y);
                };
        Tensor x = normal(30, 2, 512);
        BoundPlan plan = Ugoki.compile(program).joinedAtOnce().bind(x);
        plan.run();
        plan.run();

        Tensor eager = program.apply(new Tensor[] {x})[0];
        assertEquals(-1, eager.toMemory().mismatch(plan.result(0).toMemory()));
        long bytes = 0;
        for (String line : plan.describe().split("\n")) {
            bytes += line.contains("kept: ") && line.contains("F32[512,512]") ? 1 << 20 : 0;
        }
        assertTrue(bytes > 0 && bytes <= 16 << 20, () -> plan.describe());
    }

    /** What the weight gives before it is halved. */
    private static Tensor trained(Parameter weight, Tensor x) {
        Tensor y = x.linear(weight.tensor(), null).detach();
        weight.assign(weight.tensor().detach().mul(0.5));
        return y;
    }
}
