package dev.ugoki.embodied.data;

import dev.ugoki.tensor.DType;

import org.jspecify.annotations.Nullable;

import java.util.Locale;
import java.util.Optional;

/**
 * What one value of a feature is: the {@code dtype} of LeRobot's {@code info.json}.
 *
 * <p>Numbers have a tensor dtype; strings, and pictures that live in other files, have none.
 */
public enum FeatureType {
    FLOAT32(DType.F32),
    FLOAT64(DType.F64),
    INT64(DType.I64),
    INT32(DType.I32),
    UINT8(DType.U8),
    BOOL(DType.BOOL),
    STRING(null),
    IMAGE(null),
    VIDEO(null),
    LANGUAGE(null),
    /** A dtype that this library does not know; the feature is listed, reading it throws. */
    UNKNOWN(null);

    private final Optional<DType> dtype;

    FeatureType(@Nullable DType dtype) {
        this.dtype = Optional.ofNullable(dtype);
    }

    /** The tensor dtype of one value; empty for what is not a number. */
    public Optional<DType> dtype() {
        return dtype;
    }

    /** Whether values are numbers (booleans count as 0 and 1). */
    public boolean isNumeric() {
        return dtype.isPresent();
    }

    /** The name in {@code info.json}: lower case. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The type of that name; {@link #UNKNOWN} where there is none. */
    static FeatureType ofJsonName(String name) {
        for (FeatureType type : values()) {
            if (type.jsonName().equals(name)) {
                return type;
            }
        }
        return UNKNOWN;
    }
}
