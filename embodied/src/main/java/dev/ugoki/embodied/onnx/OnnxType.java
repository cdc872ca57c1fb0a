package dev.ugoki.embodied.onnx;

import dev.ugoki.tensor.DType;

import org.jspecify.annotations.Nullable;

/** ONNX's numbers for element types ({@code TensorProto.DataType}). */
enum OnnxType {
    FLOAT(1, DType.F32),
    UINT8(2, DType.U8),
    INT8(3, DType.I8),
    UINT16(4, null),
    INT16(5, null),
    INT32(6, DType.I32),
    INT64(7, DType.I64),
    STRING(8, null),
    BOOL(9, DType.BOOL),
    FLOAT16(10, DType.F16),
    DOUBLE(11, DType.F64),
    UINT32(12, null),
    UINT64(13, null),
    COMPLEX64(14, null),
    COMPLEX128(15, null),
    BFLOAT16(16, DType.BF16);

    private final int number;
    private final @Nullable DType dtype;

    OnnxType(int number, @Nullable DType dtype) {
        this.number = number;
        this.dtype = dtype;
    }

    int number() {
        return number;
    }

    /** Our element type; null where we have none. */
    @Nullable DType dtype() {
        return dtype;
    }

    static OnnxType of(DType dtype) {
        for (OnnxType type : values()) {
            if (type.dtype == dtype) {
                return type;
            }
        }
        throw new IllegalStateException("no ONNX type for " + dtype);
    }

    /** The type of a number; null if there is none. */
    static @Nullable OnnxType of(long number) {
        for (OnnxType type : values()) {
            if (type.number == number) {
                return type;
            }
        }
        return null;
    }
}
