package dev.ugoki.embodied.data;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * An array in the zarr v2 format: a folder with {@code .zarray} and a file per chunk. Rows, that is
 * slices of the first dimension, are read on request; the whole array need not fit in memory.
 *
 * <pre>{@code
 * ZarrArray images = ZarrArray.open(buffer.resolve("data/img"));
 * float[] twoFrames = images.readFloats(100, 102);
 * }</pre>
 *
 * <p>Read are the dtypes {@code <f4 <f8 <i8 <i4 |u1 |b1}, C order, chunks that are not compressed
 * or by Blosc (with zstd, lz4 or zlib inside), zstd or zlib. A missing chunk holds the fill value,
 * as the format says. Anything else is refused when the array is opened. Immutable; any number of
 * threads may read at once. (Specification: zarr-specs.readthedocs.io, version 2.)
 */
public final class ZarrArray {
    /** Chunks are decompressed in memory; 1 GiB is far beyond what anybody writes. */
    private static final long MAX_CHUNK_BYTES = 1L << 30;

    /** So many files are opened for one read at most. */
    private static final int MAX_CHUNKS = 1 << 18;

    /** What may be claimed without a byte of file to show for it. */
    private static final long FREE_BYTES = 1L << 20;

    /** The most that zstd makes of a byte. */
    private static final long MAX_RATIO = 1L << 15;

    /** So many chunks may be read at once for each one that is there. */
    private static final long MAX_SPARSITY = 4;

    private static final Map<String, DType> DTYPES =
            Map.of(
                    "<f4", DType.F32,
                    "<f8", DType.F64,
                    "<i8", DType.I64,
                    "<i4", DType.I32,
                    "|u1", DType.U8,
                    "|b1", DType.BOOL);

    private enum Compressor {
        NONE,
        BLOSC,
        ZSTD,
        ZLIB
    }

    private final Path folder;
    private final DType dtype;
    private final int[] shape;
    private final int[] chunks;
    private final Compressor compressor;
    private final String separator;
    private final byte[] fillElement;

    /** How much may be read at once; -1 until the chunks have been counted. */
    private volatile long believableBytes = -1;

    private ZarrArray(Path folder, JsonFile json) throws DataFormatException {
        this.folder = folder;
        json.integer("zarr_format", 2, 2);
        this.dtype = readDtype(json);
        this.shape = readExtents(json, "shape", 0);
        this.chunks = readExtents(json, "chunks", 1);
        if (shape.length == 0 || shape.length != chunks.length) {
            throw json.wrong("chunks", "and \"shape\" differ in length, or are empty");
        }
        if (!"C".equals(json.text("order"))) {
            throw json.wrong("order", "is " + json.node("order") + "; only \"C\" is read");
        }
        JsonNode filters = json.node("filters");
        if (filters.isArray() ? !filters.isEmpty() : json.has("filters")) {
            throw json.wrong("filters", "are not read");
        }
        this.compressor = readCompressor(json);
        this.separator = json.has("dimension_separator") ? json.text("dimension_separator") : ".";
        if (!separator.equals(".") && !separator.equals("/")) {
            throw json.wrong("dimension_separator", "is neither \".\" nor \"/\"");
        }
        this.fillElement = readFillValue(json);
        checkChunkSize(json);
    }

    /**
     * Opens the array in this folder; no chunk is read yet.
     *
     * @throws DataFormatException if {@code .zarray} is missing, damaged, or asks for something
     *     that is not read
     */
    public static ZarrArray open(Path folder) throws IOException {
        return new ZarrArray(folder, JsonFile.read(folder.resolve(".zarray")));
    }

    private static DType readDtype(JsonFile json) throws DataFormatException {
        DType found = json.node("dtype").isTextual() ? DTYPES.get(json.text("dtype")) : null;
        if (found == null) {
            throw json.wrong(
                    "dtype",
                    "is %s; read are <f4 <f8 <i8 <i4 |u1 |b1"
                            .formatted(JsonFile.brief(json.node("dtype"))));
        }
        return found;
    }

    private static int[] readExtents(JsonFile json, String key, int least)
            throws DataFormatException {
        JsonNode node = json.node(key);
        if (!node.isArray() || node.size() > 16) {
            throw json.wrong(key, "is no list of up to 16 extents");
        }
        int[] extents = new int[node.size()];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = (int) json.integer(node.get(i), key, least, Integer.MAX_VALUE);
        }
        return extents;
    }

    private static Compressor readCompressor(JsonFile json) throws DataFormatException {
        if (!json.has("compressor")) {
            return Compressor.NONE;
        }
        String id = json.object("compressor").text("id");
        for (Compressor known : Compressor.values()) {
            if (known != Compressor.NONE && known.name().toLowerCase(Locale.ROOT).equals(id)) {
                return known;
            }
        }
        throw json.wrong(
                "compressor", "is \"" + id + "\"; read are blosc, zstd, zlib and none (null)");
    }

    private byte[] readFillValue(JsonFile json) throws DataFormatException {
        JsonNode node = json.node("fill_value");
        double value;
        if (node.isMissingNode() || node.isNull()) {
            value = 0;
        } else if (node.isNumber()) {
            value = node.doubleValue();
        } else if (node.isBoolean()) {
            value = node.booleanValue() ? 1 : 0;
        } else {
            value =
                    switch (node.asText()) {
                        case "NaN" -> Double.NaN;
                        case "Infinity" -> Double.POSITIVE_INFINITY;
                        case "-Infinity" -> Double.NEGATIVE_INFINITY;
                        default ->
                                throw json.wrong(
                                        "fill_value",
                                        "is " + JsonFile.brief(node) + ", not a number");
                    };
        }
        MemorySegment element = MemorySegment.ofArray(new byte[dtype.byteSize()]);
        switch (dtype) {
            case F32 -> element.set(LITTLE_FLOAT, 0, (float) value);
            case F64 -> element.set(LITTLE_DOUBLE, 0, value);
            case I64 -> element.set(LITTLE_LONG, 0, node.asLong());
            case I32 -> element.set(LITTLE_INT, 0, (int) value);
            default -> element.set(ValueLayout.JAVA_BYTE, 0, (byte) (int) value);
        }
        return element.toArray(ValueLayout.JAVA_BYTE);
    }

    private void checkChunkSize(JsonFile json) throws DataFormatException {
        long bytes = dtype.byteSize();
        for (int extent : chunks) {
            bytes *= extent;
            if (bytes > MAX_CHUNK_BYTES) {
                throw json.wrong("chunks", "make chunks of more than 1 GiB");
            }
        }
        long row = 1;
        for (int dim = 1; dim < shape.length; dim++) {
            row *= shape[dim];
            if (row < 1 || row > Feature.MAX_WIDTH) {
                throw json.wrong("shape", "makes rows of no elements, or of more than 2^27");
            }
        }
    }

    /** The extents; the first is how many rows there are. */
    public Shape shape() {
        return Shape.of(Arrays.stream(shape).asLongStream().toArray());
    }

    public DType dtype() {
        return dtype;
    }

    /** The extent of the first dimension. */
    public int rowCount() {
        return shape[0];
    }

    /** How many elements a row has. */
    public int rowWidth() {
        long width = 1;
        for (int dim = 1; dim < shape.length; dim++) {
            width *= shape[dim];
        }
        return (int) width;
    }

    /**
     * Rows {@code [from, to)} of an F32 array, row-major.
     *
     * @throws IllegalStateException if the array has another dtype; so for the others
     * @throws IndexOutOfBoundsException if there are not so many rows
     * @throws DataFormatException if a chunk is damaged
     */
    public float[] readFloats(int from, int to) throws IOException {
        byte[] bytes = read(from, to, DType.F32);
        float[] values = new float[bytes.length / Float.BYTES];
        MemorySegment.copy(MemorySegment.ofArray(bytes), LITTLE_FLOAT, 0, values, 0, values.length);
        return values;
    }

    /** Rows {@code [from, to)} of an F64 array. */
    public double[] readDoubles(int from, int to) throws IOException {
        byte[] bytes = read(from, to, DType.F64);
        double[] values = new double[bytes.length / Double.BYTES];
        MemorySegment.copy(
                MemorySegment.ofArray(bytes), LITTLE_DOUBLE, 0, values, 0, values.length);
        return values;
    }

    /** Rows {@code [from, to)} of an I64 array. */
    public long[] readLongs(int from, int to) throws IOException {
        byte[] bytes = read(from, to, DType.I64);
        long[] values = new long[bytes.length / Long.BYTES];
        MemorySegment.copy(MemorySegment.ofArray(bytes), LITTLE_LONG, 0, values, 0, values.length);
        return values;
    }

    /** Rows {@code [from, to)} of an I32 array. */
    public int[] readInts(int from, int to) throws IOException {
        byte[] bytes = read(from, to, DType.I32);
        int[] values = new int[bytes.length / Integer.BYTES];
        MemorySegment.copy(MemorySegment.ofArray(bytes), LITTLE_INT, 0, values, 0, values.length);
        return values;
    }

    /** Rows {@code [from, to)} of a U8 (unsigned) or BOOL (0, 1) array. */
    public byte[] readBytes(int from, int to) throws IOException {
        return read(from, to, dtype == DType.BOOL ? DType.BOOL : DType.U8);
    }

    private static final ValueLayout.OfFloat LITTLE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble LITTLE_DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LITTLE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LITTLE_INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private byte[] read(int from, int to, DType wanted) throws IOException {
        if (dtype != wanted) {
            throw new IllegalStateException(folder + " is " + dtype + ", not " + wanted);
        }
        if (from < 0 || to > shape[0] || from > to) {
            throw new IndexOutOfBoundsException(
                    "%s: rows %d to %d of %d".formatted(folder, from, to, shape[0]));
        }
        long size = (long) (to - from) * rowWidth() * dtype.byteSize();
        if (size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "%s: rows %d to %d are %d bytes; read fewer at once"
                            .formatted(folder, from, to, size));
        }
        if (size == 0) {
            return new byte[0];
        }
        ChunkGrid grid = new ChunkGrid(from, to);
        grid.checkCount();
        checkJustified(from, to, size);
        return grid.read((int) size);
    }

    /**
     * Fill values cost no file, so a shape that lies would otherwise be believed: what is asked for
     * must be in proportion to the chunks that the array has.
     */
    private void checkJustified(int from, int to, long size) throws IOException {
        if (size <= FREE_BYTES) {
            return;
        }
        if (believableBytes < 0) {
            believableBytes = FREE_BYTES + bytesOfChunks();
        }
        if (size > believableBytes) {
            throw new DataFormatException(
                    folder.resolve(".zarray"),
                    "rows %d to %d would be %d bytes; with the chunks that are there, only %d at once"
                                    .formatted(from, to, size, believableBytes)
                            + " are believable: read fewer rows");
        }
    }

    private long bytesOfChunks() throws IOException {
        long files = 0;
        long present = 0;
        try (Stream<Path> members = Files.walk(folder, shape.length)) {
            for (Path member : (Iterable<Path>) members::iterator) {
                if (Character.isDigit(member.getFileName().toString().charAt(0))
                        && Files.isRegularFile(member)) {
                    files += Files.size(member);
                    present++;
                }
            }
        } catch (UncheckedIOException problem) {
            throw problem.getCause();
        }
        return Math.min(MAX_RATIO * files, MAX_SPARSITY * present * chunkBytes());
    }

    private int chunkBytes() {
        return Math.toIntExact(
                Arrays.stream(chunks).asLongStream().reduce(dtype.byteSize(), (a, b) -> a * b));
    }

    /** The chunks that rows {@code [from, to)} touch. */
    private final class ChunkGrid {
        private final int from;
        private final int to;
        private final int[] first = new int[shape.length];
        private final int[] count = new int[shape.length];

        ChunkGrid(int from, int to) {
            this.from = from;
            this.to = to;
            for (int dim = 0; dim < shape.length; dim++) {
                int lower = dim == 0 ? from : 0;
                int upper = dim == 0 ? to : shape[dim];
                first[dim] = lower / chunks[dim];
                count[dim] = (upper - 1) / chunks[dim] - first[dim] + 1;
            }
        }

        void checkCount() throws DataFormatException {
            long chunkCount = 1;
            for (int extent : count) {
                chunkCount *= extent;
                if (chunkCount > MAX_CHUNKS) {
                    throw new DataFormatException(
                            folder.resolve(".zarray"),
                            "rows %d to %d lie in more than %d chunks; read fewer at once"
                                    .formatted(from, to, MAX_CHUNKS));
                }
            }
        }

        byte[] read(int size) throws IOException {
            byte[] target = new byte[size];
            fill(target);
            int[] index = first.clone();
            do {
                copyChunk(index, target);
            } while (next(index));
            return target;
        }

        private boolean next(int[] index) {
            for (int dim = index.length - 1; dim >= 0; dim--) {
                if (++index[dim] < first[dim] + count[dim]) {
                    return true;
                }
                index[dim] = first[dim];
            }
            return false;
        }

        private Path chunkFile(int[] index) {
            StringBuilder key = new StringBuilder();
            for (int i : index) {
                key.append(key.isEmpty() ? "" : separator).append(i);
            }
            return folder.resolve(key.toString());
        }

        /** Copies what the chunk and the wanted rows share; edge chunks stick out of the array. */
        private void copyChunk(int[] index, byte[] target) throws IOException {
            int chunkStart = index[0] * chunks[0];
            int lower = Math.max(from, chunkStart) - chunkStart;
            int upper = (int) Math.min(to, (long) chunkStart + chunks[0]) - chunkStart;
            int chunkRowBytes = chunkBytes() / chunks[0];
            Path file = chunkFile(index);
            if (!Files.isRegularFile(file)) {
                return;
            }
            byte[] source = decode(file, lower * chunkRowBytes, upper * chunkRowBytes);
            int[] extents = new int[shape.length];
            int[] targetStrides = new int[shape.length];
            int[] sourceStrides = new int[shape.length];
            int targetStart = 0;
            int targetStride = dtype.byteSize();
            int sourceStride = dtype.byteSize();
            for (int dim = shape.length - 1; dim > 0; dim--) {
                int start = index[dim] * chunks[dim];
                extents[dim] = Math.min(chunks[dim], shape[dim] - start);
                targetStrides[dim] = targetStride;
                sourceStrides[dim] = sourceStride;
                targetStart += start * targetStride;
                targetStride *= shape[dim];
                sourceStride *= chunks[dim];
            }
            extents[0] = upper - lower;
            targetStrides[0] = targetStride;
            sourceStrides[0] = sourceStride;
            targetStart += (chunkStart + lower - from) * targetStride;
            copyBox(0, extents, source, 0, sourceStrides, target, targetStart, targetStrides);
        }

        private void copyBox(
                int dim,
                int[] extents,
                byte[] source,
                int sourceAt,
                int[] sourceStrides,
                byte[] target,
                int targetAt,
                int[] targetStrides) {
            if (isDense(dim, extents, sourceStrides, targetStrides)) {
                int length = extents[dim] * sourceStrides[dim];
                System.arraycopy(source, sourceAt, target, targetAt, length);
                return;
            }
            for (int i = 0; i < extents[dim]; i++) {
                copyBox(
                        dim + 1,
                        extents,
                        source,
                        sourceAt + i * sourceStrides[dim],
                        sourceStrides,
                        target,
                        targetAt + i * targetStrides[dim],
                        targetStrides);
            }
        }

        /** Whether the box from this dimension on is one run of bytes on both sides. */
        private boolean isDense(int dim, int[] extents, int[] sourceStrides, int[] targetStrides) {
            int run = dtype.byteSize();
            for (int inner = extents.length - 1; inner >= dim; inner--) {
                if (sourceStrides[inner] != run || targetStrides[inner] != run) {
                    return false;
                }
                run *= extents[inner];
            }
            return true;
        }
    }

    /** What chunks that are missing leave behind. */
    private void fill(byte[] target) {
        if (Arrays.equals(fillElement, new byte[fillElement.length])) {
            return;
        }
        for (int i = 0; i < target.length; i++) {
            target[i] = fillElement[i % fillElement.length];
        }
    }

    /** Bytes {@code [from, to)} of a chunk. */
    private byte[] decode(Path file, int from, int to) throws IOException {
        long length = Files.size(file);
        long size = chunkBytes();
        if (length > 2 * size + 65_536) {
            throw new DataFormatException(
                    file, "%d bytes are too many for a chunk of %d".formatted(length, size));
        }
        byte[] bytes = Files.readAllBytes(file);
        try (Decompression decompression = new Decompression(file)) {
            return switch (compressor) {
                case BLOSC -> new BloscChunk(file, bytes, size).read(from, to, decompression);
                case NONE -> {
                    if (length != size) {
                        throw new DataFormatException(
                                file, "%d bytes instead of %d".formatted(length, size));
                    }
                    yield Arrays.copyOfRange(bytes, from, to);
                }
                case ZSTD, ZLIB -> {
                    if (size > MAX_RATIO * length) {
                        throw new DataFormatException(
                                file, "%d bytes cannot come from %d".formatted(size, length));
                    }
                    byte[] plain = new byte[(int) size];
                    if (compressor == Compressor.ZSTD) {
                        decompression.zstd(bytes, 0, bytes.length, plain, 0, plain.length);
                    } else {
                        decompression.zlib(bytes, 0, bytes.length, plain, 0, plain.length);
                    }
                    yield Arrays.copyOfRange(plain, from, to);
                }
            };
        }
    }

    @Override
    public String toString() {
        return folder + " " + dtype + Arrays.toString(shape);
    }
}
