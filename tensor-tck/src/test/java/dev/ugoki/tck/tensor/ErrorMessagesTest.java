package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.RowCheck;
import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.PadMode;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Searching;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Statistics;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Interpolate;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Every mistake is told with the operation, the operands and what to do. */
@SuppressWarnings("checkstyle:MethodName")
class ErrorMessagesTest {
    private static final Class<? extends RuntimeException> ARGUMENT =
            IllegalArgumentException.class;
    private static final Class<? extends RuntimeException> INDEX = IndexOutOfBoundsException.class;
    private static final Class<? extends RuntimeException> STATE = IllegalStateException.class;
    private static final Class<? extends RuntimeException> MEMORY =
            OutOfDeviceMemoryException.class;
    private static final Convolutions.Settings DEFAULT = Convolutions.Settings.DEFAULT;

    /** A mistake, and what its message must hold: first how it begins. */
    private record Mistake(
            String name,
            Class<? extends RuntimeException> type,
            Supplier<Object> call,
            List<String> parts) {
        DynamicTest test() {
            return DynamicTest.dynamicTest(
                    name,
                    () -> {
                        RuntimeException thrown =
                                assertThrows(
                                        RuntimeException.class,
                                        () -> RowCheck.REFERENCE.call(call::get));
                        String message = String.valueOf(thrown.getMessage());
                        assertEquals(type, thrown.getClass(), message);
                        assertTrue(message.startsWith(parts.get(0)), message);
                        for (String part : parts) {
                            assertTrue(message.contains(part), () -> part + " | " + message);
                        }
                    });
        }
    }

    private static Mistake wrong(
            String name,
            Class<? extends RuntimeException> type,
            Supplier<Object> call,
            String... parts) {
        return new Mistake(name, type, call, List.of(parts));
    }

    private static Tensor F32(long... shape) {
        return Tensor.ones(DType.F32, shape);
    }

    private static Tensor F64(long... shape) {
        return Tensor.ones(DType.F64, shape);
    }

    private static Tensor I32(long... shape) {
        return Tensor.ones(DType.I32, shape);
    }

    private static Tensor I64(long... shape) {
        return Tensor.ones(DType.I64, shape);
    }

    private static Tensor U8(long... shape) {
        return Tensor.ones(DType.U8, shape);
    }

    private static Tensor BOOL(long... shape) {
        return Tensor.ones(DType.BOOL, shape);
    }

    private static Tensor index(long value) {
        return Tensor.of(new long[] {value}, 1);
    }

    private static Tensor released(long... shape) {
        try (TensorScope _ = TensorScope.open()) {
            return F32(shape);
        }
    }

    private static Tensor elsewhere(long... shape) {
        return new Device("broken", 0).call(() -> F32(shape));
    }

    @TestFactory
    Stream<DynamicTest> mistakes() {
        return Stream.of(
                        wrong(
                                "add of shapes that do not broadcast",
                                ARGUMENT,
                                () -> F32(2, 3).add(F32(4)),
                                "add: ",
                                "lhs F32[2,3], rhs F32[4]",
                                "3 and 4 differ",
                                "reshape"),
                        wrong(
                                "add of dtypes",
                                ARGUMENT,
                                () -> F32(3).add(I32(3)),
                                "add: dtypes differ: lhs F32[3], rhs I32[3]",
                                "x.cast(DType.F32)"),
                        wrong(
                                "add of devices",
                                ARGUMENT,
                                () -> F32(3).add(elsewhere(3)),
                                "add: operand 0 (F32[3]) is on reference",
                                "operand 1 (F32[3]) on broken",
                                "x.to(device)"),
                        wrong(
                                "add of a released tensor",
                                STATE,
                                () -> F32(3).add(released(3)),
                                "add: operand 1 (F32[3])",
                                "released",
                                "scope.keep"),
                        wrong(
                                "add of a fraction to integers",
                                ARGUMENT,
                                () -> I32(3).add(0.5),
                                "add: 0.5 is no I32",
                                "whole numbers",
                                "cast"),
                        wrong(
                                "add of a number beyond the dtype",
                                ARGUMENT,
                                () -> U8(3).add(256),
                                "add: 256 is no U8",
                                "from 0 to 255"),
                        wrong(
                                "add of NaN to integers",
                                ARGUMENT,
                                () -> I64(3).add(Double.NaN),
                                "add: NaN is no I64"),
                        wrong(
                                "add to booleans",
                                ARGUMENT,
                                () -> BOOL(3).add(BOOL(3)),
                                "add: is not defined for BOOL",
                                "x.cast(DType.F32)",
                                "BOOL[3]"),
                        wrong(
                                "mul of a fraction and integers",
                                ARGUMENT,
                                () -> I32(3).mul(1.5),
                                "mul: 1.5 is no I32"),
                        wrong(
                                "clamp of integers to fractions",
                                ARGUMENT,
                                () -> I32(3).clamp(0.5, 2),
                                "clamp: 0.5 is no I32"),
                        wrong(
                                "clamp to bounds the wrong way round",
                                ARGUMENT,
                                () -> F32(3).clamp(2, 1),
                                "clamp: the lower bound 2.0 exceeds the upper one, 1.0"),
                        wrong(
                                "full of a fraction of integers",
                                ARGUMENT,
                                () -> Tensor.full(DType.I32, Shape.of(2), 0.5),
                                "full: 0.5 is no I32"),
                        wrong(
                                "full of a boolean that is neither",
                                ARGUMENT,
                                () -> Tensor.full(DType.BOOL, Shape.of(2), 2),
                                "full: 2 is no BOOL",
                                "from 0 to 1"),
                        wrong(
                                "pad of integers with a fraction",
                                ARGUMENT,
                                () -> I32(3).pad(0, 1, 1, 0.5),
                                "pad: 0.5 is no I32"),
                        wrong(
                                "maskedFill of integers with infinity",
                                ARGUMENT,
                                () -> I32(3).maskedFill(BOOL(3), Double.POSITIVE_INFINITY),
                                "maskedFill: Infinity is no I32"),
                        wrong(
                                "lt of a number beyond the dtype",
                                ARGUMENT,
                                () -> U8(3).lt(-1),
                                "lt: -1 is no U8"),
                        wrong(
                                "exp of integers",
                                ARGUMENT,
                                () -> I32(3).exp(),
                                "exp: is not defined for I32",
                                "x.cast(DType.F32)",
                                "I32[3]"),
                        wrong(
                                "not of floats",
                                ARGUMENT,
                                () -> F32(3).not(),
                                "not: is not defined for F32",
                                "F32[3]"),
                        wrong(
                                "a shift by too much",
                                ARGUMENT,
                                () -> I32(3).shiftLeft(32),
                                "shiftLeft: I32 is shifted by 0 to 31, not by 32"),
                        wrong(
                                "a shift of floats",
                                ARGUMENT,
                                () -> F32(3).shiftRight(1),
                                "shiftRight: is not defined for F32"),
                        wrong(
                                "select by numbers",
                                ARGUMENT,
                                () -> F32(3).select(F32(3), F32(3)),
                                "select: the condition must be BOOL",
                                "F32[3]"),
                        wrong(
                                "where of dtypes",
                                ARGUMENT,
                                () -> Tensor.where(BOOL(3), F32(3), I32(3)),
                                "where: in select: the branches differ in dtype",
                                "BOOL[3], F32[3], I32[3]"),
                        wrong(
                                "softmax of a dimension that is not",
                                ARGUMENT,
                                () -> F32(2, 3).softmax(2),
                                "softmax: dimension 2 is not one of the 2 dimensions of F32[2,3]",
                                "from -2 to 1"),
                        wrong(
                                "gelu of integers",
                                ARGUMENT,
                                () -> I32(3).gelu(),
                                "gelu: operand 0 must be floating",
                                "x.cast(DType.F32)",
                                "I32[3]"),
                        wrong(
                                "gelu of a released tensor",
                                STATE,
                                () -> released(3).gelu(),
                                "gelu: operand 0 (F32[3])",
                                "released"),
                        wrong(
                                "matmul of inner dimensions",
                                ARGUMENT,
                                () -> F32(8, 64).matmul(F32(32, 16)),
                                "matmul: inner dimensions differ: lhs F32[8,64], rhs F32[32,16] (64"
                                        + " and 32)",
                                "transpose"),
                        wrong(
                                "matmul of dtypes",
                                ARGUMENT,
                                () -> F32(2, 2).matmul(F64(2, 2)),
                                "matmul: dtypes differ: lhs F32[2,2], rhs F64[2,2]"),
                        wrong(
                                "matmul of a scalar",
                                ARGUMENT,
                                () -> F32().matmul(F32(2, 2)),
                                "matmul: a scalar has no rows: lhs F32[], rhs F32[2,2]"),
                        wrong(
                                "matmul of batches",
                                ARGUMENT,
                                () -> F32(2, 3, 4).matmul(F32(5, 4, 3)),
                                "matmul: ",
                                "lhs F32[2,3,4], rhs F32[5,4,3]",
                                "2 and 5 differ"),
                        wrong(
                                "matmul of booleans",
                                ARGUMENT,
                                () -> BOOL(2, 2).matmul(BOOL(2, 2)),
                                "matmul: is not defined for BOOL"),
                        wrong(
                                "linear of another width",
                                ARGUMENT,
                                () -> F32(2, 3).linear(F32(4, 5), null),
                                "linear: the weight must have shape",
                                "F32[2,3], F32[4,5]"),
                        wrong(
                                "einsum of extents",
                                ARGUMENT,
                                () -> Tensor.einsum("ij,jk->ik", F32(2, 3), F32(4, 5)),
                                "einsum: 'ij,jk->ik'",
                                "'j' stands for extents 3 and 4",
                                "F32[2,3], F32[4,5]"),
                        wrong(
                                "einsum of too few operands",
                                ARGUMENT,
                                () -> Tensor.einsum("ij,jk", F32(2, 3)),
                                "einsum: 'ij,jk'",
                                "must describe 1 operands"),
                        wrong(
                                "reshape to another count",
                                ARGUMENT,
                                () -> F32(2, 3).reshape(4, 2),
                                "reshape: 6 elements do not fill [4,2] (8)",
                                "F32[2,3]"),
                        wrong(
                                "reshape to an extent that does not divide",
                                ARGUMENT,
                                () -> F32(2, 3).reshape(4, -1),
                                "reshape: F32[2,3] cannot become [4, -1]"),
                        wrong(
                                "reshape to negative extents",
                                ARGUMENT,
                                () -> F32(2, 3).reshape(-2, -3),
                                "reshape: [-2, -3]",
                                "extent -2 is negative"),
                        wrong(
                                "reshape to more than a long counts",
                                ARGUMENT,
                                () -> F32(2, 3).reshape(1L << 40, 1L << 40),
                                "reshape: ",
                                "more elements than a long can count"),
                        wrong(
                                "permute of too few dimensions",
                                ARGUMENT,
                                () -> F32(2, 3).permute(0),
                                "permute: [0] is not an order of the 2 dimensions",
                                "F32[2,3]"),
                        wrong(
                                "transpose of a dimension that is not",
                                ARGUMENT,
                                () -> F32(2, 3).transpose(0, 5),
                                "transpose: dimension 5 is not one of the 2 dimensions of"
                                        + " F32[2,3]"),
                        wrong(
                                "expand of an extent",
                                ARGUMENT,
                                () -> F32(2, 3).expand(4, 3),
                                "expand: cannot become [4,3]",
                                "dimension 0 has extent 2",
                                "F32[2,3]"),
                        wrong(
                                "unsqueeze beyond",
                                ARGUMENT,
                                () -> F32(2, 3).unsqueeze(4),
                                "unsqueeze: dimension 4 of F32[2,3] is not from -3 to 2"),
                        wrong(
                                "squeeze of an extent",
                                ARGUMENT,
                                () -> F32(2, 3).squeeze(0),
                                "squeeze: dimension 0 of F32[2,3] is not of extent 1"),
                        wrong(
                                "slice of a dimension that is not",
                                ARGUMENT,
                                () -> F32(2, 3).slice(2, 0, 1),
                                "slice: dimension 2 is not one of the 2"),
                        wrong(
                                "slice backwards",
                                ARGUMENT,
                                () -> F32(2, 3).slice(0, 0, 1, -1),
                                "slice: step must be at least 1, is -1",
                                "flip"),
                        wrong(
                                "search in nothing for a released tensor",
                                STATE,
                                () -> Searching.searchSorted(F32(0), released(3), false),
                                "searchSorted: operand 1 (F32[",
                                "released"),
                        wrong(
                                "slice of a released tensor",
                                STATE,
                                () -> released(2, 3).slice(0, 0, 1),
                                "slice: operand 0 (F32[",
                                "released"),
                        wrong(
                                "flip of a dimension that is not",
                                ARGUMENT,
                                () -> F32(2).flip(1),
                                "flip: dimension 1 is not one of the 1"),
                        wrong(
                                "pad by a negative count",
                                ARGUMENT,
                                () -> F32(2).pad(0, -1, 0, 0),
                                "pad: ",
                                "negative",
                                "slice",
                                "F32[2]"),
                        wrong(
                                "pad beyond a long",
                                ARGUMENT,
                                () -> F32(2).pad(0, Long.MAX_VALUE, 1, 0),
                                "pad: sizes exceed a long",
                                "F32[2]"),
                        wrong(
                                "pad beyond memory",
                                MEMORY,
                                () -> F32(2).pad(0, 1L << 45, 1, 0),
                                "pad: reference: no memory for F32[35184372088835]",
                                "(140737488355340 bytes)",
                                "ugoki.memory",
                                "Largest live tensors"),
                        wrong(
                                "reflection beyond the other end",
                                ARGUMENT,
                                () -> F32(3).pad(0, 3, 0, PadMode.REFLECT),
                                "pad: 3 before and 0 after",
                                "F32[3]",
                                "at most 2"),
                        wrong(
                                "concat of nothing",
                                ARGUMENT,
                                () -> Tensor.concat(0),
                                "concat: needs at least one tensor"),
                        wrong(
                                "concat of extents",
                                ARGUMENT,
                                () -> Tensor.concat(0, F32(2, 3), F32(2, 4)),
                                "concat: operand 1 differs",
                                "F32[2,3], F32[2,4]"),
                        wrong(
                                "stack of types",
                                ARGUMENT,
                                () -> Tensor.stack(0, F32(2), I32(2)),
                                "stack: tensor 1 is I32[2], the first F32[2]",
                                "cast"),
                        wrong(
                                "split that does not add up",
                                ARGUMENT,
                                () -> F32(5).split(0, 2, 2),
                                "split: extents [2, 2] do not add up to the 5",
                                "F32[5]"),
                        wrong(
                                "chunk that does not divide",
                                ARGUMENT,
                                () -> F32(5).chunk(0, 2),
                                "chunk: dimension 0 of F32[5] does not divide into 2",
                                "split"),
                        wrong(
                                "chunk of nothing into many",
                                ARGUMENT,
                                () -> F32(0).chunk(0, Integer.MAX_VALUE),
                                "chunk: ",
                                "2147483647"),
                        wrong(
                                "repeat of too few",
                                ARGUMENT,
                                () -> F32(2, 3).repeat(2),
                                "repeat: [2] has fewer counts than F32[2,3]"),
                        wrong(
                                "repeat beyond a long",
                                ARGUMENT,
                                () -> F32(0, 4).repeat(1, 1L << 62),
                                "repeat: ",
                                "2^63 - 1"),
                        wrong(
                                "tril of a vector",
                                ARGUMENT,
                                () -> F32(3).tril(0),
                                "tril: needs rows and columns, and is F32[3]",
                                "reshape"),
                        wrong(
                                "roll of a dimension that is not",
                                ARGUMENT,
                                () -> F32(3).roll(1, 1),
                                "roll: dimension 1"),
                        wrong(
                                "the order of booleans",
                                ARGUMENT,
                                () -> BOOL(3).argsort(0, false),
                                "argsort: is not defined for BOOL",
                                "BOOL[3]"),
                        wrong(
                                "sum of a dimension that is not",
                                ARGUMENT,
                                () -> F32(3).sum(false, 1),
                                "sum: ",
                                "dimension 1 is not one of the 1",
                                "F32[3]"),
                        wrong(
                                "sum of a dimension twice",
                                ARGUMENT,
                                () -> F32(2, 3).sum(false, 1, 1),
                                "sum: dimension 1 is named twice",
                                "F32[2,3]"),
                        wrong(
                                "max of nothing",
                                ARGUMENT,
                                () -> F32(0).max(false),
                                "max: dimension 0 is empty",
                                "F32[0]"),
                        wrong(
                                "mean of a dimension that is not",
                                ARGUMENT,
                                () -> F32(3).mean(true, 2),
                                "mean: ",
                                "dimension 2 is not one of the 1"),
                        wrong(
                                "any of numbers",
                                ARGUMENT,
                                () -> F32(3).any(false),
                                "any: wants BOOL",
                                "F32[3]"),
                        wrong(
                                "argmax of nothing",
                                ARGUMENT,
                                () -> F32(0, 3).argmax(0, false),
                                "argmax: dimension 0 is empty",
                                "F32[0,3]"),
                        wrong(
                                "cumsum of a scalar",
                                ARGUMENT,
                                () -> F32().cumsum(0),
                                "cumsum: dimension 0 is not one of the 0 dimensions of F32[]",
                                "a scalar has none"),
                        wrong(
                                "topk of more than there are",
                                ARGUMENT,
                                () -> F32(3).topk(4, 0),
                                "topk: k is 4",
                                "F32[3] has 3"),
                        wrong(
                                "gather by floats",
                                ARGUMENT,
                                () -> F32(3).gather(0, F32(3)),
                                "gather: the index must be I64 or I32",
                                "F32[3], F32[3]"),
                        wrong(
                                "gather of another rank",
                                ARGUMENT,
                                () -> F32(2, 3).gather(0, I64(3)),
                                "gather: ",
                                "F32[2,3], I64[3]"),
                        wrong(
                                "gather of an index out of range",
                                INDEX,
                                () -> F32(3).gather(0, index(5)),
                                "gather: index 5 is outside of dimension",
                                "extent 3"),
                        wrong(
                                "embedding of an index out of range",
                                INDEX,
                                () -> F32(3, 2).embedding(index(-1)),
                                "embedding: in gather: index -1 is outside of dimension"),
                        wrong(
                                "embedding in a scalar",
                                ARGUMENT,
                                () -> F32().embedding(index(0)),
                                "embedding: the table has no rows: F32[]"),
                        wrong(
                                "indexSelect by a matrix",
                                ARGUMENT,
                                () -> F32(3, 2).indexSelect(0, I64(2, 2)),
                                "indexSelect: the index must have rank 1, and is I64[2,2]"),
                        wrong(
                                "scatter of an index out of range",
                                INDEX,
                                () -> F32(3).scatter(0, index(3), F32(1)),
                                "scatter: index 3 is outside of dimension"),
                        wrong(
                                "oneHot of floats",
                                ARGUMENT,
                                () -> F32(3).oneHot(4),
                                "oneHot: needs integers",
                                "F32[3]"),
                        wrong(
                                "item of several",
                                ARGUMENT,
                                () -> F32(3).item(),
                                "item: F32[3] has 3 elements, not one",
                                "slice"),
                        wrong(
                                "item of a long that is no double",
                                ARGUMENT,
                                () -> Tensor.of(new long[] {(1L << 53) + 1}, 1).item(),
                                "item: 9007199254740993 (I64[1]) is no double",
                                "longItem()"),
                        wrong(
                                "longItem of floats",
                                ARGUMENT,
                                () -> F32(1).longItem(),
                                "longItem: F32[1] is not whole",
                                "item()"),
                        wrong(
                                "values of a released tensor",
                                STATE,
                                () -> released(3).toFloatArray(),
                                "toFloatArray: F32[3]: ",
                                "released"),
                        wrong(
                                "values of more than an array holds",
                                ARGUMENT,
                                () -> F32().expand(1L << 33).toFloatArray(),
                                "toFloatArray: F32[8589934592] has more elements than an array can"
                                        + " hold",
                                "toMemory()"),
                        wrong(
                                "values that do not fill a shape",
                                ARGUMENT,
                                () -> Tensor.of(new float[5], 2, 3),
                                "tensor: 5 values do not fill [2,3] (6)"),
                        wrong(
                                "bytes that are no booleans",
                                ARGUMENT,
                                () ->
                                        Tensor.of(
                                                new TensorType(DType.BOOL, Shape.of(1)),
                                                MemorySegment.ofArray(new byte[] {7})),
                                "tensor: byte 0 of a BOOL tensor is 7",
                                "0 or 1"),
                        wrong(
                                "counting beyond the dtype",
                                ARGUMENT,
                                () -> Tensor.arange(DType.U8, 257),
                                "arange: ",
                                "U8 cannot count to 256"),
                        wrong(
                                "more than memory",
                                MEMORY,
                                () -> Tensor.zeros(DType.F32, 1L << 45),
                                "zeros: ",
                                "no memory for F32[35184372088832]"),
                        wrong(
                                "more than a long of bytes",
                                MEMORY,
                                () -> Tensor.zeros(DType.F64, 1L << 62),
                                "zeros: ",
                                "F64[4611686018427387904]",
                                "2^63 or more bytes"),
                        wrong(
                                "a device that is not there",
                                STATE,
                                () -> F32(3).to(new Device("nowhere", 0)),
                                "to: ",
                                "device nowhere",
                                "class path"),
                        wrong(
                                "mse of shapes",
                                ARGUMENT,
                                () -> Losses.mse(F32(3), F32(3, 1), Reduction.MEAN),
                                "mse: prediction F32[3] and target F32[3,1]",
                                "reshape"),
                        wrong(
                                "huber of a negative delta",
                                ARGUMENT,
                                () -> Losses.huber(F32(3), F32(3), -1, Reduction.MEAN),
                                "huber: delta must not be negative: -1.0"),
                        wrong(
                                "crossEntropy of classes out of range",
                                INDEX,
                                () -> Losses.crossEntropy(F32(1, 3), index(3)),
                                "crossEntropy: in gather: index 3 is outside of dimension"),
                        wrong(
                                "crossEntropy by floats",
                                ARGUMENT,
                                () -> Losses.crossEntropy(F32(1, 3), F32(1)),
                                "crossEntropy: ",
                                "I64 or I32",
                                "F32[1,3], F32[1]"),
                        wrong(
                                "layerNorm with a negative epsilon",
                                ARGUMENT,
                                () -> Normalizations.layerNorm(F32(2, 3), 1, null, null, -1),
                                "layerNorm: epsilon",
                                "must be 0 or above and finite: -1.0"),
                        wrong(
                                "standardize with a negative epsilon",
                                ARGUMENT,
                                () -> Statistics.standardize(F32(2, 3), 0, -1, 1),
                                "standardize: epsilon, which is added to the deviation of F32[2,3]",
                                "must be 0 or above and finite: -1.0"),
                        wrong(
                                "layerNorm of another width",
                                ARGUMENT,
                                () -> Normalizations.layerNorm(F32(2, 3), 1, F32(4), null, 1e-5),
                                "layerNorm: the weight must have shape [3], not [4]",
                                "F32[2,3], F32[4]"),
                        wrong(
                                "groupNorm of groups",
                                ARGUMENT,
                                () -> Normalizations.groupNorm(F32(2, 3, 4), 2, null, null, 1e-5),
                                "groupNorm: 3 channels do not divide into 2 groups",
                                "F32[2,3,4]"),
                        wrong(
                                "batchNorm of a vector",
                                ARGUMENT,
                                () -> Normalizations.batchNorm(F32(3), null, null, 1e-5),
                                "batchNorm: operand 0 must be [n, channels, spatial..]",
                                "F32[3]"),
                        wrong(
                                "conv2d of rank",
                                ARGUMENT,
                                () ->
                                        Convolutions.conv2d(
                                                F32(3, 8, 8), F32(4, 3, 3, 3), null, DEFAULT),
                                "conv2d: x and weight must have rank 4: F32[3,8,8], F32[4,3,3,3]",
                                "unsqueeze"),
                        wrong(
                                "conv2d of channels",
                                ARGUMENT,
                                () ->
                                        Convolutions.conv2d(
                                                F32(1, 2, 8, 8), F32(4, 3, 3, 3), null, DEFAULT),
                                "conv2d: the input's channels (2)",
                                "F32[1,2,8,8], F32[4,3,3,3]"),
                        wrong(
                                "conv1d of a kernel too large",
                                ARGUMENT,
                                () ->
                                        Convolutions.conv1d(
                                                F32(1, 2, 2), F32(4, 2, 3), null, DEFAULT),
                                "conv1d: a kernel that reaches over 3 does not fit into 2"),
                        wrong(
                                "conv1d of a stride",
                                ARGUMENT,
                                () ->
                                        Convolutions.conv1d(
                                                F32(1, 2, 4),
                                                F32(4, 2, 3),
                                                null,
                                                DEFAULT.withStride(0)),
                                "conv1d: stride must be from 1"),
                        wrong(
                                "conv1d of a bias",
                                ARGUMENT,
                                () ->
                                        Convolutions.conv1d(
                                                F32(1, 2, 4), F32(4, 2, 3), F32(3), DEFAULT),
                                "conv1d: the bias must have shape [4], and is F32[3]"),
                        wrong(
                                "convTranspose1d of channels",
                                ARGUMENT,
                                () ->
                                        Convolutions.convTranspose1d(
                                                F32(1, 2, 4), F32(3, 2, 3), null, DEFAULT),
                                "convTranspose1d: ",
                                "F32[1,2,4], F32[3,2,3]"),
                        wrong(
                                "maxPool of padding",
                                ARGUMENT,
                                () ->
                                        Resampling.maxPool(
                                                F32(1, 1, 4),
                                                new long[] {2},
                                                new long[] {1},
                                                new long[] {2}),
                                "maxPool: kernel 2",
                                "half the kernel",
                                "F32[1,1,4]"),
                        wrong(
                                "avgPool of counts",
                                ARGUMENT,
                                () ->
                                        Resampling.avgPool(
                                                F32(1, 1, 4),
                                                new long[] {2},
                                                new long[0],
                                                new long[] {0},
                                                true),
                                "avgPool: kernel, stride and padding must have one number"),
                        wrong(
                                "interpolate to a size beyond sense",
                                ARGUMENT,
                                () ->
                                        Resampling.interpolate(
                                                F32(1, 1, 4),
                                                Interpolate.Mode.LINEAR,
                                                false,
                                                1L << 40),
                                "interpolate: a dimension needs a table of 1099511627776",
                                "smaller size"),
                        wrong(
                                "adaptiveAvgPool of rank",
                                ARGUMENT,
                                () -> Resampling.adaptiveAvgPool(F32(4), 2),
                                "adaptiveAvgPool: x must have two dimensions more than the size,"
                                        + " [2]",
                                "F32[4]"),
                        wrong(
                                "attention of widths",
                                ARGUMENT,
                                () -> Attention.scaledDotProduct(F32(2, 3), F32(2, 4), F32(2, 4)),
                                "scaledDotProduct: ",
                                "F32[2,3], F32[2,4], F32[2,4]"),
                        wrong(
                                "attention of vectors",
                                ARGUMENT,
                                () -> Attention.scaledDotProduct(F32(2), F32(2), F32(2)),
                                "scaledDotProduct: queries, keys and values must be [.., length,"
                                        + " width]"),
                        wrong(
                                "uniform integers",
                                ARGUMENT,
                                () -> Random.uniform(Key.of(1), DType.I32, 3),
                                "uniform: cannot draw I32"),
                        wrong(
                                "integers of an empty range",
                                ARGUMENT,
                                () -> Random.integers(Key.of(1), 5, 5, 3),
                                "integers: there must be between 1 and"),
                        wrong(
                                "bernoulli of no probability",
                                ARGUMENT,
                                () -> Random.bernoulli(Key.of(1), 1.5, 3),
                                "bernoulli: the probability must be from 0 to 1: 1.5"),
                        wrong(
                                "dropout of everything",
                                ARGUMENT,
                                () -> Random.dropout(Key.of(1), F32(3), 1),
                                "dropout: the rate must be at least 0 and less than 1: 1.0"),
                        wrong(
                                "categorical of integers",
                                ARGUMENT,
                                () -> Random.categorical(Key.of(1), I32(3)),
                                "categorical: needs floating scores",
                                "I32[3]"),
                        wrong(
                                "a key of floats",
                                ARGUMENT,
                                () -> Key.of(F32(4)),
                                "key: must be I32[4], is F32[4]"),
                        wrong(
                                "an extent that is not",
                                ARGUMENT,
                                () -> F32(2).shape().extent(3),
                                "shape: dimension 3 is not one of the 1 dimensions of [2]"))
                .map(Mistake::test);
    }

    @Test
    void wholeNumbersAreTakenInAnyForm() {
        RowCheck.REFERENCE.run(
                () -> {
                    assertEquals(3, I32(1).add(2.0).item());
                    assertEquals(3, I32(1).add(2L).item());
                    assertEquals(3, I32(1).add((byte) 2).item());
                    assertEquals(3, I32(1).add(new java.math.BigDecimal("2.00")).item());
                    assertEquals(-9.223372036854775808e18, I64(1).mul(-0x1p63).item());
                });
    }

    @Test
    void aLongItemIsExact() {
        long value = (1L << 53) + 1;
        RowCheck.REFERENCE.run(
                () -> assertEquals(value, Tensor.of(new long[] {value}, 1).longItem()));
    }
}
