package dev.ugoki.nn;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.io.HostArray;

import java.nio.ByteOrder;

/** Between tensors and the arrays that files hold; nothing is rounded on the way. */
public final class HostTensors {
    private HostTensors() {}

    /** A copy of the values, row-major. */
    public static HostArray toHost(Tensor tensor) {
        requireLittleEndian();
        return new HostArray(tensor.dtype(), tensor.shape(), tensor.detach().toMemory());
    }

    /** A tensor of the same values on the current device. */
    public static Tensor fromHost(HostArray array) {
        requireLittleEndian();
        return Tensor.of(new TensorType(array.dtype(), array.shape()), array.bytes());
    }

    private static void requireLittleEndian() {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new UnsupportedOperationException(
                    "state in files is little-endian, and this machine is not: reading and writing"
                            + " it is not supported here");
        }
    }
}
