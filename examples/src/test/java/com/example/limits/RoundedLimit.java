package com.example.limits;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Composite;

import org.jspecify.annotations.Nullable;

/** A motor's command in whole steps, which learns as if there were no steps. */
public record RoundedLimit(double limit, double step) implements Composite {
    /** {@code x} held below {@code limit}, to the nearest multiple of {@code step}. */
    public static Tensor roundedLimit(Tensor x, double limit, double step) {
        return Engine.one(new RoundedLimit(limit, step), x);
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        return new Tensor[] {forwardWithResiduals(operands)[0]};
    }

    @Override
    public Tensor[] forwardWithResiduals(Tensor... operands) {
        Tensor tanh = operands[0].div(limit).tanh();
        return new Tensor[] {tanh.mul(limit / step).round().mul(step), tanh};
    }

    @Override
    public @Nullable Tensor[] backward(
            Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
        Tensor tanh = forward[1];
        return new Tensor[] {cotangents[0].mul(tanh.square().neg().add(1))};
    }
}
