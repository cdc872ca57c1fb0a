package dev.ugoki.cuda;

import dev.ugoki.tensor.DType;

/** The kernels' names of dtypes and of kinds of operations. */
final class Names {
    private Names() {}

    /** The type in CUDA C: {@code f32}; {@code b8} for BOOL. */
    static String of(DType dtype) {
        return dtype == DType.BOOL ? "b8" : dtype.name().toLowerCase();
    }

    /** The unsigned type of as many bytes. */
    static String word(int bytes) {
        return "u" + 8 * bytes;
    }

    /** {@code SHIFT_LEFT} as {@code ShiftLeft}. */
    static String of(Enum<?> kind) {
        StringBuilder name = new StringBuilder();
        for (String part : kind.name().split("_")) {
            name.append(part.charAt(0)).append(part.substring(1).toLowerCase());
        }
        return name.toString();
    }

    /** The dtype that sums of this one are kept in. */
    static DType wide(DType dtype) {
        return dtype == DType.F16 || dtype == DType.BF16 ? DType.F32 : dtype;
    }

    /** Bytes of the kernels' type that computes with this one. */
    static int wideBytes(DType dtype) {
        return dtype == DType.F64 || dtype == DType.I64 ? 8 : 4;
    }
}
