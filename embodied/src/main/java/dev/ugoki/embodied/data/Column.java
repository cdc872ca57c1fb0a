package dev.ugoki.embodied.data;

import java.util.Arrays;
import java.util.List;

/**
 * All frames of one feature, in one flat array: frame {@code t} is elements {@code [t * width, (t +
 * 1) * width)}.
 *
 * <p>The arrays handed out are the column's own; who writes to them changes the column.
 */
public final class Column {
    private final Feature feature;
    private final int frameCount;

    /** float[], double[], long[], int[], byte[] (UINT8, BOOL) or String[], as the type says. */
    private final Object values;

    private Column(Feature feature, Object values, int length, FeatureType... accepted) {
        if (!Arrays.asList(accepted).contains(feature.type())) {
            throw new IllegalArgumentException(
                    "feature '%s' is %s, but its values are a %s"
                            .formatted(
                                    feature.name(),
                                    feature.type().jsonName(),
                                    values.getClass().getSimpleName()));
        }
        int width = feature.width();
        if (width == 0 ? length != 0 : length % width != 0) {
            throw new IllegalArgumentException(
                    "feature '%s': %d values are no whole number of frames of %d"
                            .formatted(feature.name(), length, width));
        }
        this.feature = feature;
        this.values = values;
        this.frameCount = width == 0 ? 0 : length / width;
    }

    /** A column of a {@link FeatureType#FLOAT32} feature; the array is not copied. */
    public static Column of(Feature feature, float[] values) {
        return new Column(feature, values, values.length, FeatureType.FLOAT32);
    }

    /** A column of a {@link FeatureType#FLOAT64} feature; the array is not copied. */
    public static Column of(Feature feature, double[] values) {
        return new Column(feature, values, values.length, FeatureType.FLOAT64);
    }

    /** A column of an {@link FeatureType#INT64} feature; the array is not copied. */
    public static Column of(Feature feature, long[] values) {
        return new Column(feature, values, values.length, FeatureType.INT64);
    }

    /** A column of an {@link FeatureType#INT32} feature; the array is not copied. */
    public static Column of(Feature feature, int[] values) {
        return new Column(feature, values, values.length, FeatureType.INT32);
    }

    /** A column of a {@link FeatureType#UINT8} or BOOL (0, 1) feature; the array is not copied. */
    public static Column of(Feature feature, byte[] values) {
        return new Column(feature, values, values.length, FeatureType.UINT8, FeatureType.BOOL);
    }

    /** A column of a {@link FeatureType#STRING} feature; the array is not copied. */
    public static Column of(Feature feature, String[] values) {
        return new Column(feature, values, values.length, FeatureType.STRING);
    }

    public Feature feature() {
        return feature;
    }

    public String name() {
        return feature.name();
    }

    /** Values per frame. */
    public int width() {
        return feature.width();
    }

    public int frameCount() {
        return frameCount;
    }

    /**
     * The values of a {@link FeatureType#FLOAT32} column.
     *
     * @throws IllegalStateException if the feature is of another type; so for the others
     */
    public float[] floats() {
        return values instanceof float[] array ? array : wrongType("float32");
    }

    /** The values of a {@link FeatureType#FLOAT64} column. */
    public double[] doubles() {
        return values instanceof double[] array ? array : wrongType("float64");
    }

    /** The values of an {@link FeatureType#INT64} column. */
    public long[] longs() {
        return values instanceof long[] array ? array : wrongType("int64");
    }

    /** The values of an {@link FeatureType#INT32} column. */
    public int[] ints() {
        return values instanceof int[] array ? array : wrongType("int32");
    }

    /** The values of a {@link FeatureType#UINT8} (unsigned) or BOOL (0, 1) column. */
    public byte[] bytes() {
        return values instanceof byte[] array ? array : wrongType("uint8 or bool");
    }

    /** The values of a {@link FeatureType#STRING} column. */
    public String[] strings() {
        return values instanceof String[] array ? array : wrongType("string");
    }

    private <T> T wrongType(String wanted) {
        throw new IllegalStateException(
                "feature '%s' is %s, not %s"
                        .formatted(feature.name(), feature.type().jsonName(), wanted));
    }

    /**
     * One number, as a double.
     *
     * @throws IllegalStateException if the feature is not numeric
     */
    public double at(int frame, int element) {
        return atFlat(frame * width() + element);
    }

    double atFlat(int index) {
        return switch (values) {
            case float[] array -> array[index];
            case double[] array -> array[index];
            case long[] array -> array[index];
            case int[] array -> array[index];
            case byte[] array -> array[index] & 0xFF;
            default -> this.<Double>wrongType("numeric");
        };
    }

    /**
     * Copies one frame, converted to floats, to {@code target[offset ..< offset + width]}.
     *
     * @throws IllegalStateException if the feature is not numeric
     */
    public void copyFrame(int frame, float[] target, int offset) {
        int width = width();
        int from = frame * width;
        if (values instanceof float[] array) {
            System.arraycopy(array, from, target, offset, width);
            return;
        }
        for (int i = 0; i < width; i++) {
            target[offset + i] = (float) atFlat(from + i);
        }
    }

    /** Frames {@code [from, to)} as a column of its own. */
    public Column slice(int from, int to) {
        int width = width();
        int start = from * width;
        int end = to * width;
        return switch (values) {
            case float[] array -> of(feature, Arrays.copyOfRange(array, start, end));
            case double[] array -> of(feature, Arrays.copyOfRange(array, start, end));
            case long[] array -> of(feature, Arrays.copyOfRange(array, start, end));
            case int[] array -> of(feature, Arrays.copyOfRange(array, start, end));
            case byte[] array -> of(feature, Arrays.copyOfRange(array, start, end));
            case String[] array -> of(feature, Arrays.copyOfRange(array, start, end));
            default -> throw new AssertionError(values.getClass());
        };
    }

    /**
     * The frames of all parts, one after the other; of the first one's feature.
     *
     * @throws IllegalArgumentException if there is no part, types or widths differ, or the values
     *     exceed an array
     */
    static Column concatenate(List<Column> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("nothing to concatenate");
        }
        Feature feature = parts.get(0).feature;
        long frames = parts.stream().mapToLong(Column::frameCount).sum();
        long total = frames * feature.width();
        if (total > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "feature '%s' has %d values, more than fit into an array"
                            .formatted(feature.name(), total));
        }
        return parts.size() == 1 ? parts.get(0) : join(feature, parts, (int) total);
    }

    private static Column join(Feature feature, List<Column> parts, int total) {
        Object all =
                switch (parts.get(0).values) {
                    case float[] array -> new float[total];
                    case double[] array -> new double[total];
                    case long[] array -> new long[total];
                    case int[] array -> new int[total];
                    case byte[] array -> new byte[total];
                    default -> new String[total];
                };
        int position = 0;
        for (Column part : parts) {
            int length = part.frameCount * part.width();
            System.arraycopy(part.values, 0, all, position, length);
            position += length;
        }
        return new Column(feature, all, position, feature.type());
    }

    /** Whether both have the same frames, bit for bit; names and shapes are not compared. */
    public boolean sameBits(Column other) {
        return switch (values) {
            case float[] mine -> other.values instanceof float[] theirs && sameFloats(mine, theirs);
            case double[] mine ->
                    other.values instanceof double[] theirs && sameDoubles(mine, theirs);
            case long[] mine ->
                    other.values instanceof long[] theirs && Arrays.equals(mine, theirs);
            case int[] mine -> other.values instanceof int[] theirs && Arrays.equals(mine, theirs);
            case byte[] mine ->
                    other.values instanceof byte[] theirs && Arrays.equals(mine, theirs);
            case String[] mine ->
                    other.values instanceof String[] theirs && Arrays.equals(mine, theirs);
            default -> throw new AssertionError(values.getClass());
        };
    }

    private static boolean sameFloats(float[] mine, float[] theirs) {
        boolean same = mine.length == theirs.length;
        for (int i = 0; same && i < mine.length; i++) {
            same = Float.floatToRawIntBits(mine[i]) == Float.floatToRawIntBits(theirs[i]);
        }
        return same;
    }

    private static boolean sameDoubles(double[] mine, double[] theirs) {
        boolean same = mine.length == theirs.length;
        for (int i = 0; same && i < mine.length; i++) {
            same = Double.doubleToRawLongBits(mine[i]) == Double.doubleToRawLongBits(theirs[i]);
        }
        return same;
    }

    @Override
    public String toString() {
        return "%s %s[%d, %d]".formatted(name(), feature.type().jsonName(), frameCount, width());
    }
}
