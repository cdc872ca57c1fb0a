package com.example.limits;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Composite;

/** A motor's command that saturates smoothly: {@code limit * tanh(x / limit)}. */
public record SoftLimit(double limit) implements Composite {
    /** {@code x}, of any shape and floating dtype, held below {@code limit}. */
    public static Tensor softLimit(Tensor x, double limit) {
        return Engine.one(new SoftLimit(limit), x);
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        return new Tensor[] {operands[0].div(limit).tanh().mul(limit)};
    }
}
