package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.IntValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.MaskValue;
import dev.ugoki.tensor.kernel.RowKernels;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Kernels that between them use every instruction, layout and kind of output. */
final class SampleKernels {
    private SampleKernels() {}

    static Kernel unary(UnaryOperator<FloatValue> function) {
        KernelBuilder kernel = new KernelBuilder();
        return kernel.output(function.apply(kernel.input(Layout.FULL))).build();
    }

    static Kernel binary(BinaryOperator<FloatValue> function) {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        return kernel.output(function.apply(x, kernel.input(Layout.FULL))).build();
    }

    static Map<String, Kernel> all() {
        Map<String, Kernel> kernels = new LinkedHashMap<>();
        kernels.put("exp", unary(ElementaryFunctions::exp));
        kernels.put("log", unary(x -> ElementaryFunctions.log(x.abs())));
        kernels.put("log1p", unary(ElementaryFunctions::log1p));
        kernels.put("tanh", unary(ElementaryFunctions::tanh));
        kernels.put("erf", unary(ElementaryFunctions::erf));
        kernels.put("softplus", unary(ElementaryFunctions::softplus));
        kernels.put("gelu", unary(Activations::gelu));
        kernels.put("mish", unary(Activations::mish));
        kernels.put("mishGradient", binary(Activations::mishGradient));
        kernels.put("geluGradient", binary(Activations::geluGradient));
        kernels.put("layerNorm", RowKernels.layerNorm());
        kernels.put("layerNormGradient", RowKernels.layerNormGradient());
        kernels.put("softmax", RowKernels.softmax());
        kernels.put("softmaxGradient", RowKernels.softmaxGradient());
        kernels.put("logSoftmax", RowKernels.logSoftmax());
        kernels.put("logSoftmaxGradient", RowKernels.logSoftmaxGradient());
        kernels.put("broadcasts", broadcasts());
        kernels.put("integers", integers());
        kernels.put("conditions", conditions());
        kernels.put("crossEntropy", RowKernels.crossEntropy());
        kernels.put("crossEntropyGradient", RowKernels.crossEntropyGradient());
        kernels.put("rowSumsOnly", rowSumsOnly());
        kernels.put("scaled", scaled());
        kernels.put("longFlat", unary(SampleKernels::longChain));
        kernels.put("longRows", longRows());
        return kernels;
    }

    /** Every layout, with a value that costs enough to be kept between two passes. */
    private static Kernel broadcasts() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue column = kernel.input(Layout.PER_COLUMN);
        FloatValue row = kernel.input(Layout.PER_ROW);
        FloatValue scalar = kernel.input(Layout.SCALAR);
        FloatValue kept = ElementaryFunctions.exp(x.times(scalar).plus(column));
        FloatValue share = kept.over(kept.sumOverColumns().plus(row.abs()));
        return kernel.output(share)
                .output(row.times(scalar))
                .outputPerRow(share.maximumOverColumns())
                .outputSumOverRows(share.times(row))
                .build();
    }

    private static Kernel integers() {
        KernelBuilder kernel = new KernelBuilder();
        IntValue i = kernel.intInput(Layout.FULL);
        IntValue j = kernel.intInput(Layout.PER_COLUMN);
        IntValue mixed =
                i.times(j).xor(i.shiftRightUnsigned(7)).or(j.shiftLeft(3)).minus(j.and(0xff));
        FloatValue unit = mixed.shiftRight(9).and(0x7fffff).or(j.and(0)).plus(0x3f800000).asFloat();
        return kernel.output(i.lessThan(j).select(mixed, i.plus(j)))
                .output(mixed.equalTo(3).select(unit, unit.minus(1f).sqrt()))
                .build();
    }

    /** Conditions in every layout and as outputs, and conversions. */
    private static Kernel conditions() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        MaskValue full = kernel.maskInput(Layout.FULL);
        MaskValue column = kernel.maskInput(Layout.PER_COLUMN);
        MaskValue row = kernel.maskInput(Layout.PER_ROW);
        MaskValue scalar = kernel.maskInput(Layout.SCALAR);
        FloatValue hundred = x.times(100f);
        FloatValue chosen = full.select(column.select(hundred, x), row.select(1f, x.negated()));
        IntValue whole = scalar.select(hundred.truncated(), kernel.intConstant(3));
        return kernel.output(chosen)
                .output(x.greaterThan(0.25f))
                .output(whole)
                .output(whole.lessThan(kernel.intConstant(7)))
                .output(whole.toFloat())
                .output(full)
                .build();
    }

    private static Kernel rowSumsOnly() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        return kernel.outputPerRow(x.times(x).sumOverColumns().sqrt())
                .outputPerRow(kernel.columnCount())
                .build();
    }

    private static Kernel scaled() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue scale = kernel.input(Layout.SCALAR);
        FloatValue scaled = x.times(scale.times(scale));
        return kernel.output(scaled).output(scaled.negated()).build();
    }

    /** Too long for one pass, with values that are used again at its end. */
    private static FloatValue longChain(FloatValue x) {
        FloatValue sum = x;
        for (int i = 0; i < 24; i++) {
            FloatValue y = ElementaryFunctions.tanh(sum.times(0.7f + i * 0.01f));
            sum = x.lessThan(0f).select(y, y.timesPlus(0.5f, sum));
        }
        return sum.plus(x.abs());
    }

    private static Kernel longRows() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue chain = longChain(x);
        FloatValue centred = chain.minus(chain.meanOverColumns());
        FloatValue scale = centred.abs().maximumOverColumns();
        return kernel.output(longChain(centred.over(scale)).plus(chain))
                .outputPerRow(scale)
                .build();
    }
}
