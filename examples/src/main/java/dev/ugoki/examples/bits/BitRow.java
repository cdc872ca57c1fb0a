package dev.ugoki.examples.bits;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.RefusedOperationException;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.zip.CRC32;

/** A computation whose results must always have the same bits. */
record BitRow(String name, Callable<List<Tensor>> computation) {
    /** Computes on the current device; the results' types and bits in eight hexadecimal digits. */
    String hash() throws Exception {
        CRC32 hash = new CRC32();
        try (TensorScope _ = TensorScope.open()) {
            for (Tensor result : computation.call()) {
                String type = result.type().toString();
                hash.update(type.getBytes(StandardCharsets.UTF_8));
                hash.update(result.toMemory().asByteBuffer());
            }
        } catch (RefusedOperationException e) {
            return "refused";
        }
        return String.format("%08x", hash.getValue());
    }

    /** A function's results, and the gradients of their weighted sum in its floating operands. */
    static List<Tensor> withGradients(Function function, List<Tensor> operands) {
        Tensor[] followed = operands.toArray(Tensor[]::new);
        List<Tensor> variables = new ArrayList<>();
        for (int i = 0; i < followed.length; i++) {
            if (followed[i].dtype().isFloating()) {
                followed[i] = Autograd.variable(followed[i]);
                variables.add(followed[i]);
            }
        }
        List<Tensor> all = new ArrayList<>();
        Tensor sum = Tensor.full(DType.F64, Shape.SCALAR, 0);
        for (Tensor result : function.apply(followed)) {
            all.add(result.detach());
            if (result.dtype().isFloating()) {
                Tensor here = result.to(Device.current());
                Tensor weights =
                        Random.normal(Key.of(all.size()), here.dtype(), here.shape().toArray());
                sum = sum.add(here.mul(weights).cast(DType.F64).sum());
            }
        }
        if (sum.lineage() != null) {
            all.addAll(Autograd.gradients(sum, variables));
        }
        return all;
    }

    /** Tensors of tensors. */
    @FunctionalInterface
    interface Function {
        Tensor[] apply(Tensor... operands);
    }
}
