package dev.ugoki.tensor.io;

import dev.ugoki.tensor.DType;

import org.jspecify.annotations.Nullable;

/** The element types of PyTorch's storages, by the names of their classes. */
enum PytorchStorageType {
    DOUBLE("DoubleStorage", DType.F64, 8),
    FLOAT("FloatStorage", DType.F32, 4),
    HALF("HalfStorage", DType.F16, 2),
    BFLOAT16("BFloat16Storage", DType.BF16, 2),
    LONG("LongStorage", DType.I64, 8),
    INT("IntStorage", DType.I32, 4),
    SHORT("ShortStorage", null, 2),
    CHAR("CharStorage", DType.I8, 1),
    BYTE("ByteStorage", DType.U8, 1),
    BOOL("BoolStorage", DType.BOOL, 1),
    COMPLEX_FLOAT("ComplexFloatStorage", null, 8),
    COMPLEX_DOUBLE("ComplexDoubleStorage", null, 16);

    private final String className;
    private final @Nullable DType dtype;
    private final int byteSize;

    PytorchStorageType(String className, @Nullable DType dtype, int byteSize) {
        this.className = className;
        this.dtype = dtype;
        this.byteSize = byteSize;
    }

    String className() {
        return className;
    }

    /** The dtype; null where there is none for it. */
    @Nullable DType dtype() {
        return dtype;
    }

    int byteSize() {
        return byteSize;
    }

    /** The type of a class's name; null if it is none. */
    static @Nullable PytorchStorageType ofClass(String name) {
        for (PytorchStorageType type : values()) {
            if (type.className.equals(name)) {
                return type;
            }
        }
        return null;
    }
}
