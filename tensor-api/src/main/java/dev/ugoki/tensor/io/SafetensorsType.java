package dev.ugoki.tensor.io;

import dev.ugoki.tensor.DType;

import org.jspecify.annotations.Nullable;

/**
 * The element types that the safetensors format knows, in the order of its reference
 * implementation, which sorts tensors by it when it writes (the last ones first).
 */
enum SafetensorsType {
    BOOL(8, DType.BOOL),
    F4(4, null),
    F6_E2M3(6, null),
    F6_E3M2(6, null),
    U8(8, DType.U8),
    I8(8, DType.I8),
    F8_E5M2(8, null),
    F8_E4M3(8, null),
    F8_E8M0(8, null),
    F8_E4M3FNUZ(8, null),
    F8_E5M2FNUZ(8, null),
    I16(16, null),
    U16(16, null),
    F16(16, DType.F16),
    BF16(16, DType.BF16),
    I32(32, DType.I32),
    U32(32, null),
    F32(32, DType.F32),
    C64(64, null),
    F64(64, DType.F64),
    I64(64, DType.I64),
    U64(64, null);

    private final int bits;
    private final @Nullable DType dtype;

    SafetensorsType(int bits, @Nullable DType dtype) {
        this.bits = bits;
        this.dtype = dtype;
    }

    /** The type of this name; null if the format has none. */
    static @Nullable SafetensorsType named(String name) {
        for (SafetensorsType type : values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }

    static SafetensorsType of(DType dtype) {
        return valueOf(dtype.name());
    }

    /** Bits of one element. */
    int bits() {
        return bits;
    }

    /** What it is here; null if tensors of it are not supported. */
    @Nullable DType dtype() {
        return dtype;
    }
}
