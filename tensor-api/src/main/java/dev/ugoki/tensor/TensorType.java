package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

/** What is known of a tensor without its values; prints as {@code F32[8,64]}. */
public record TensorType(DType dtype, Shape shape) {
    /**
     * Bytes of a contiguous tensor of this type.
     *
     * @throws IllegalArgumentException if they are more than a long can count
     */
    public long byteSize() {
        long bytes = shape.elementCount() * dtype.byteSize();
        if (bytes < 0 || Math.multiplyHigh(shape.elementCount(), dtype.byteSize()) != 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.orElse("type")
                            + ": "
                            + this
                            + " has more bytes than a long can count (2^63 - 1)");
        }
        return bytes;
    }

    public TensorType withShape(Shape newShape) {
        return new TensorType(dtype, newShape);
    }

    public TensorType withDType(DType newDType) {
        return newDType == dtype ? this : new TensorType(newDType, shape);
    }

    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
