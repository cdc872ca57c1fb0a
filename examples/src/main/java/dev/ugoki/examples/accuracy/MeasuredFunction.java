package dev.ugoki.examples.accuracy;

import dev.ugoki.tensor.Tensor;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;

/**
 * A function of F32 numbers whose errors are measured.
 *
 * @param goal the greatest error that is wanted, in units in the last place
 */
record MeasuredFunction(
        String name, double goal, UnaryOperator<Tensor> computed, DoubleUnaryOperator exact) {
    /** Those that the table shows. */
    static List<MeasuredFunction> all() {
        return List.of(
                new MeasuredFunction("exp", 2, Tensor::exp, StrictMath::exp),
                new MeasuredFunction("log", 2, Tensor::log, StrictMath::log),
                new MeasuredFunction("sin", 2, Tensor::sin, StrictMath::sin),
                new MeasuredFunction("cos", 2, Tensor::cos, StrictMath::cos),
                new MeasuredFunction("tan", 4, Tensor::tan, StrictMath::tan),
                new MeasuredFunction("tanh", 4, Tensor::tanh, StrictMath::tanh),
                new MeasuredFunction("erf", 4, Tensor::erf, ExactFunctions::erf),
                new MeasuredFunction("sigmoid", 4, Tensor::sigmoid, ExactFunctions::sigmoid),
                new MeasuredFunction("softplus", 4, Tensor::softplus, ExactFunctions::softplus),
                new MeasuredFunction("gelu", 4, Tensor::gelu, ExactFunctions::gelu),
                new MeasuredFunction("geluTanh", 4, Tensor::geluTanh, ExactFunctions::geluTanh),
                new MeasuredFunction("silu", 4, Tensor::silu, ExactFunctions::silu),
                new MeasuredFunction("log1p", 4, Tensor::log1p, StrictMath::log1p),
                new MeasuredFunction("expm1", 4, Tensor::expm1, StrictMath::expm1),
                new MeasuredFunction("sqrt", 4, Tensor::sqrt, Math::sqrt),
                new MeasuredFunction("rsqrt", 4, Tensor::rsqrt, ExactFunctions::rsqrt),
                power(3),
                power(-0.5f),
                power(0.375f));
    }

    private static MeasuredFunction power(float exponent) {
        return new MeasuredFunction(
                "pow(x, " + exponent + ")",
                4,
                x -> x.pow(exponent),
                x -> ExactFunctions.pow(x, exponent));
    }
}
