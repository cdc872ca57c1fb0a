package dev.ugoki.embodied.data;

import dev.hardwood.HardwoodContext;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ColumnReader;
import dev.hardwood.reader.LayerKind;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.schema.ColumnSchema;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Parquet file whose columns are scalars or (nested) lists of them, as data sets use it.
 *
 * <p>The file is copied to memory first, so that what has been inspected ({@link
 * ParquetInspection}) is what is decoded. Columns go by their top-level name; dots in it mean
 * nothing.
 */
final class ParquetTable implements AutoCloseable {
    private static final int BATCH_ROWS = 16_384;

    /**
     * The leaves of a column.
     *
     * @param values int[], long[], float[], double[], boolean[] or String[]
     * @param offsets where each row's list begins, and the end of the last; null for scalars
     * @param innerExtents for lists in lists the length that all of a level have, or -1
     */
    record Leaves(Object values, int @Nullable [] offsets, int[] innerExtents) {}

    /** A part of a column, as its decoder delivers it. */
    private record Batch(Object values, int count) {}

    private final Path file;
    private final ParquetInspection inspection;
    private final ParquetFileReader reader;
    private final int rowCount;
    private final Map<String, List<ColumnSchema>> columns = new LinkedHashMap<>();

    private ParquetTable(
            Path file, ParquetInspection inspection, ParquetFileReader reader, int rowCount) {
        this.file = file;
        this.inspection = inspection;
        this.reader = reader;
        this.rowCount = rowCount;
        for (ColumnSchema column : reader.getFileSchema().getColumns()) {
            String top = ParquetInspection.withDots(column.fieldPath().topLevelName());
            columns.computeIfAbsent(top, name -> new ArrayList<>()).add(column);
        }
    }

    /** Opens a file; the context's threads decode it. */
    static ParquetTable open(Path file, HardwoodContext context) throws IOException {
        ByteBuffer bytes = readAll(file);
        ParquetInspection inspection = new ParquetInspection(file, bytes);
        inspection.checkFooter();
        return guard(
                file,
                () -> {
                    ParquetFileReader reader = ParquetFileReader.open(InputFile.of(bytes), context);
                    long rows = reader.getFileMetaData().numRows();
                    if (rows < 0 || rows > Integer.MAX_VALUE - 8) {
                        throw new DataFormatException(file, rows + " rows");
                    }
                    return new ParquetTable(file, inspection, reader, (int) rows);
                });
    }

    private static ByteBuffer readAll(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new DataFormatException(file, "is missing");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE - 8) {
                throw new DataFormatException(file, "larger than 2 GiB; split it");
            }
            ByteBuffer bytes = ByteBuffer.allocateDirect((int) channel.size());
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // until all is there
            }
            return bytes.flip();
        }
    }

    /** Work on a file that a library does. */
    private interface Work<T> {
        T run() throws IOException;
    }

    /** What the library throws at damaged files is of many kinds; it all means the file. */
    private static <T> T guard(Path file, Work<T> work) throws IOException {
        try {
            return work.run();
        } catch (DataFormatException problem) {
            throw problem;
        } catch (IOException | RuntimeException | StackOverflowError problem) {
            Throwable reason = problem;
            while (reason.getCause() != null && reason.getCause() != reason) {
                reason = reason.getCause();
            }
            throw new DataFormatException(file, "cannot be decoded: " + reason, problem);
        }
    }

    int rowCount() {
        return rowCount;
    }

    /** The top-level names. */
    List<String> columnNames() {
        return List.copyOf(columns.keySet());
    }

    boolean hasColumn(String name) {
        return columns.containsKey(name);
    }

    /**
     * Whether a column is a scalar or a list of scalars, in contrast to structs and lists of lists.
     */
    boolean isSimple(String name) {
        List<ColumnSchema> leaves = columns.getOrDefault(name, List.of());
        return leaves.size() == 1 && leaves.get(0).maxRepetitionLevel() <= 1;
    }

    /**
     * Reads a column.
     *
     * @throws DataFormatException if it is missing, holds nulls or structs, or is damaged
     */
    Leaves read(String name) throws IOException {
        List<ColumnSchema> leaves = columns.getOrDefault(name, List.of());
        if (leaves.size() != 1) {
            throw new DataFormatException(
                    file,
                    hasColumn(name)
                            ? "column '" + name + "' is neither scalars nor lists of them"
                            : "no column '" + name + "'; there are " + columns.keySet());
        }
        ColumnSchema column = leaves.get(0);
        requireUnambiguous(name, column);
        return guard(
                file,
                () -> {
                    inspection.checkColumn(
                            reader.getFileMetaData(), reader.getFileSchema(), column);
                    return decode(name, column);
                });
    }

    /**
     * hardwood 1.0 takes the first leaf by a name for a scalar column of that name, even one within
     * a struct.
     */
    private void requireUnambiguous(String name, ColumnSchema column) throws DataFormatException {
        for (ColumnSchema other : reader.getFileSchema().getColumns()) {
            if (column.fieldPath().elements().size() == 1
                    && other.columnIndex() < column.columnIndex()
                    && other.name().equals(column.name())) {
                throw new DataFormatException(
                        file, "column '" + name + "' has the name of a field of another one");
            }
        }
    }

    private Leaves decode(String name, ColumnSchema column) throws IOException {
        boolean list = column.maxRepetitionLevel() > 0;
        int[] innerExtents = new int[Math.max(0, column.maxRepetitionLevel() - 1)];
        List<Batch> batches = new ArrayList<>();
        int[] offsets = new int[list ? rowCount + 1 : 0];
        int rows = 0;
        int values = 0;
        try (ColumnReader leaves =
                reader.buildColumnReader(column.columnIndex())
                        .batchSize(Math.max(1, Math.min(rowCount, BATCH_ROWS)))
                        .build()) {
            // Not to the end of its stream: hardwood 1.0 waits 10 ms before it tells the end.
            while (rows < rowCount && leaves.nextBatch()) {
                int batchRows = leaves.getRecordCount();
                requireNoNulls(name, leaves);
                if (rows + batchRows > rowCount) {
                    throw new DataFormatException(
                            file, "column '%s' has more rows than %d".formatted(name, rowCount));
                }
                if (list) {
                    int[] local = rowOffsets(leaves, innerExtents, rows == 0);
                    for (int i = 0; i < batchRows; i++) {
                        offsets[rows + i + 1] = values + local[i + 1];
                    }
                }
                batches.add(new Batch(valuesOf(column, leaves), leaves.getValueCount()));
                rows += batchRows;
                values += leaves.getValueCount();
            }
        }
        if (rows != rowCount) {
            throw new DataFormatException(
                    file, "column '%s' has %d rows instead of %d".formatted(name, rows, rowCount));
        }
        Object all = concatenate(column, batches, values);
        return new Leaves(all, list ? offsets : null, innerExtents);
    }

    private void requireNoNulls(String name, ColumnReader leaves) throws DataFormatException {
        boolean nulls = leaves.getLeafValidity().hasNulls();
        for (int layer = 0; layer < leaves.getLayerCount(); layer++) {
            nulls |= leaves.getLayerValidity(layer).hasNulls();
        }
        if (nulls) {
            throw new DataFormatException(file, "column '" + name + "' has missing values (nulls)");
        }
    }

    /** Where rows begin among the leaves, through all levels of lists; notes inner lengths. */
    private static int[] rowOffsets(ColumnReader leaves, int[] innerExtents, boolean first) {
        int[] offsets = null;
        int level = 0;
        for (int layer = 0; layer < leaves.getLayerCount(); layer++) {
            if (leaves.getLayerKind(layer) != LayerKind.REPEATED) {
                continue;
            }
            int[] inner = leaves.getLayerOffsets(layer);
            if (offsets == null) {
                offsets = inner.clone();
                continue;
            }
            for (int i = 0; i < offsets.length; i++) {
                offsets[i] = inner[offsets[i]];
            }
            int extent = inner.length > 1 ? inner[1] - inner[0] : 0;
            for (int i = 1; i + 1 < inner.length; i++) {
                extent = inner[i + 1] - inner[i] == extent ? extent : -1;
            }
            innerExtents[level] = first || innerExtents[level] == extent ? extent : -1;
            level++;
        }
        if (offsets == null) {
            throw new IllegalStateException("no repeated layer");
        }
        return offsets;
    }

    private Object valuesOf(ColumnSchema column, ColumnReader leaves) throws DataFormatException {
        int count = leaves.getValueCount();
        return switch (column.type()) {
            case INT32 -> Arrays.copyOf(leaves.getInts(), count);
            case INT64 -> Arrays.copyOf(leaves.getLongs(), count);
            case FLOAT -> Arrays.copyOf(leaves.getFloats(), count);
            case DOUBLE -> Arrays.copyOf(leaves.getDoubles(), count);
            case BOOLEAN -> Arrays.copyOf(leaves.getBooleans(), count);
            case BYTE_ARRAY -> Arrays.copyOf(leaves.getStrings(), count);
            default ->
                    throw new DataFormatException(
                            file,
                            "column '%s' holds %s, which is not read"
                                    .formatted(column.fieldPath(), column.type()));
        };
    }

    private static Object concatenate(ColumnSchema column, List<Batch> batches, int count) {
        if (batches.size() == 1) {
            return batches.get(0).values;
        }
        Object all =
                switch (column.type()) {
                    case INT32 -> new int[count];
                    case INT64 -> new long[count];
                    case FLOAT -> new float[count];
                    case DOUBLE -> new double[count];
                    case BOOLEAN -> new boolean[count];
                    default -> new String[count];
                };
        int position = 0;
        for (Batch batch : batches) {
            System.arraycopy(batch.values, 0, all, position, batch.count);
            position += batch.count;
        }
        return all;
    }

    /**
     * A column as a feature of a data set: converted to its type where nothing is lost, or only
     * precision.
     *
     * @throws DataFormatException if a frame holds more or fewer values than the feature says, or
     *     they are of a kind, or out of the range, of the feature's type
     */
    Column readColumn(Feature feature) throws IOException {
        Leaves leaves = read(feature.name());
        int[] offsets = leaves.offsets;
        int width = feature.width();
        for (int row = 0; row < rowCount; row++) {
            if ((offsets == null ? 1 : offsets[row + 1] - offsets[row]) != width) {
                throw new DataFormatException(
                        file,
                        "column '%s' holds not %d values in row %d, as the feature has it"
                                .formatted(feature.name(), width, row));
            }
        }
        for (int level = 0; level < leaves.innerExtents.length; level++) {
            int dim = level + 1;
            if (dim >= feature.shape().rank()
                    || leaves.innerExtents[level] != feature.shape().extent(dim)) {
                throw new DataFormatException(
                        file,
                        "column '%s' does not hold lists of shape %s"
                                .formatted(feature.name(), feature.shape()));
            }
        }
        return switch (feature.type()) {
            case FLOAT32 -> Column.of(feature, toFloats(feature, leaves.values));
            case FLOAT64 -> Column.of(feature, toDoubles(feature.name(), leaves.values));
            case INT64 -> Column.of(feature, toLongs(feature.name(), leaves.values));
            case INT32 -> Column.of(feature, toInts(feature, leaves.values));
            case UINT8, BOOL -> Column.of(feature, toBytes(feature, leaves.values));
            case STRING -> Column.of(feature, toStrings(feature.name(), leaves.values));
            default -> throw wrongType(feature.name(), "anything that is read");
        };
    }

    private float[] toFloats(Feature feature, Object values) throws DataFormatException {
        if (values instanceof float[] floats) {
            return floats;
        }
        if (!(values instanceof double[] doubles)) {
            throw wrongType(feature.name(), "floating-point numbers");
        }
        float[] floats = new float[doubles.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) doubles[i];
        }
        return floats;
    }

    private double[] toDoubles(String name, Object values) throws DataFormatException {
        if (values instanceof double[] doubles) {
            return doubles;
        }
        if (!(values instanceof float[] floats)) {
            throw wrongType(name, "floating-point numbers");
        }
        double[] doubles = new double[floats.length];
        Arrays.setAll(doubles, i -> floats[i]);
        return doubles;
    }

    private long[] toLongs(String name, Object values) throws DataFormatException {
        return switch (values) {
            case long[] longs -> longs;
            case int[] ints -> Arrays.stream(ints).asLongStream().toArray();
            default -> throw wrongType(name, "whole numbers");
        };
    }

    private int[] toInts(Feature feature, Object values) throws DataFormatException {
        if (values instanceof int[] ints) {
            return ints;
        }
        long[] longs = toLongs(feature.name(), values);
        int[] ints = new int[longs.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) longs[i];
            if (ints[i] != longs[i]) {
                throw wrongType(feature.name(), "32-bit integers");
            }
        }
        return ints;
    }

    private byte[] toBytes(Feature feature, Object values) throws DataFormatException {
        if (feature.type() == FeatureType.BOOL) {
            if (!(values instanceof boolean[] booleans)) {
                throw wrongType(feature.name(), "booleans");
            }
            byte[] bytes = new byte[booleans.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (booleans[i] ? 1 : 0);
            }
            return bytes;
        }
        int[] ints = toInts(feature, values);
        byte[] bytes = new byte[ints.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ints[i];
            if ((bytes[i] & 0xFF) != ints[i]) {
                throw wrongType(feature.name(), "numbers of 0 to 255");
            }
        }
        return bytes;
    }

    private String[] toStrings(String name, Object values) throws DataFormatException {
        if (values instanceof String[] strings) {
            return strings;
        }
        throw wrongType(name, "strings");
    }

    /** A column of scalars, as whole numbers. */
    long[] readLongs(String name) throws IOException {
        return toLongs(name, readScalars(name).values);
    }

    /** A column of strings. */
    String[] readStrings(String name) throws IOException {
        return toStrings(name, readScalars(name).values);
    }

    /** A column of lists of strings. */
    List<List<String>> readStringLists(String name) throws IOException {
        Leaves leaves = read(name);
        int[] offsets = leaves.offsets;
        if (!(leaves.values instanceof String[] values) || offsets == null) {
            throw wrongType(name, "lists of strings");
        }
        List<List<String>> rows = new ArrayList<>();
        for (int row = 0; row < rowCount; row++) {
            rows.add(List.of(Arrays.copyOfRange(values, offsets[row], offsets[row + 1])));
        }
        return rows;
    }

    /** A column of numbers or lists of them, as one array a row; booleans count as 0 and 1. */
    double[][] readNumbers(String name) throws IOException {
        Leaves leaves = read(name);
        double[] flat =
                switch (leaves.values) {
                    case long[] values -> Arrays.stream(values).asDoubleStream().toArray();
                    case int[] values -> Arrays.stream(values).asDoubleStream().toArray();
                    case boolean[] values -> {
                        double[] wide = new double[values.length];
                        Arrays.setAll(wide, i -> values[i] ? 1 : 0);
                        yield wide;
                    }
                    default -> toDoubles(name, leaves.values);
                };
        double[][] rows = new double[rowCount][];
        int[] offsets = leaves.offsets;
        for (int row = 0; row < rowCount; row++) {
            int from = offsets == null ? row : offsets[row];
            int to = offsets == null ? row + 1 : offsets[row + 1];
            rows[row] = Arrays.copyOfRange(flat, from, to);
        }
        return rows;
    }

    private Leaves readScalars(String name) throws IOException {
        Leaves leaves = read(name);
        if (leaves.offsets != null) {
            throw wrongType(name, "single values");
        }
        return leaves;
    }

    private DataFormatException wrongType(String name, String wanted) {
        return new DataFormatException(file, "column '" + name + "' does not hold " + wanted);
    }

    @Override
    public void close() throws IOException {
        guard(
                file,
                () -> {
                    reader.close();
                    return rowCount;
                });
    }
}
