package dev.ugoki.tensor.io;

import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Clamp;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ElementaryGradient;
import dev.ugoki.tensor.op.Erfinv;
import dev.ugoki.tensor.op.GridSample;
import dev.ugoki.tensor.op.Interpolate;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.LinearActivation;
import dev.ugoki.tensor.op.MathFunction;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.op.StopGradient;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The operations that a graph file may name: all primitives, and the composites of this library.
 * The name is that of the record, its attributes are the record's components.
 */
final class OperationRecords {
    private static final List<Class<?>> KNOWN =
            List.of(
                    Prim.class,
                    Activation.class,
                    Activation.Gradient.class,
                    Clamp.class,
                    ElementaryGradient.class,
                    Erfinv.class,
                    GridSample.class,
                    Interpolate.class,
                    Likelihood.class,
                    Linear.class,
                    LinearActivation.class,
                    MathFunction.class,
                    Normalization.class,
                    OptimizerStep.class,
                    Overwrite.class,
                    Pooling.class,
                    RandomDraw.class,
                    ScaledDotProductAttention.class,
                    ScaledDotProductAttention.Gradient.class,
                    StopGradient.class);

    private static final Map<String, Class<? extends Op>> BY_NAME = new LinkedHashMap<>();

    static {
        for (Class<?> known : KNOWN) {
            add(known);
        }
    }

    private OperationRecords() {}

    private static void add(Class<?> known) {
        if (known.isRecord()) {
            BY_NAME.put(name(known), known.asSubclass(Op.class));
        } else {
            for (Class<?> permitted : known.getPermittedSubclasses()) {
                add(permitted);
            }
        }
    }

    /** Whether a file may name it, so that it need not be written as what it is made of. */
    static boolean knows(Composite composite) {
        return BY_NAME.get(name(composite.getClass())) == composite.getClass();
    }

    /** The record of a name; null if there is none. */
    static @Nullable Class<? extends Op> find(String name) {
        return BY_NAME.get(name);
    }

    /** {@code matMul}; what is called Gradient goes by what it is the gradient of. */
    static String name(Class<?> record) {
        String simple = record.getSimpleName();
        Class<?> enclosing = record.getEnclosingClass();
        String full =
                simple.equals("Gradient") && enclosing != null
                        ? enclosing.getSimpleName() + simple
                        : simple;
        return full.isEmpty() ? full : Character.toLowerCase(full.charAt(0)) + full.substring(1);
    }
}
