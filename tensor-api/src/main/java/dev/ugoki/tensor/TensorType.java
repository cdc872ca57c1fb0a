package dev.ugoki.tensor;

/** What is known of a tensor without its values; prints as {@code F32[8,64]}. */
public record TensorType(DType dtype, Shape shape) {
    /** Bytes of a contiguous tensor of this type. */
    public long byteSize() {
        return Math.multiplyExact(shape.elementCount(), (long) dtype.byteSize());
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
