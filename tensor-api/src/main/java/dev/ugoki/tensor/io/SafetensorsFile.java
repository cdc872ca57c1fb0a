package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file, open for reading: named tensors and a few words about them.
 *
 * <pre>{@code
 * try (SafetensorsFile file = SafetensorsFile.open(path)) {
 *     for (String name : file.names()) {
 *         HostArray weight = file.array(name);
 *         ...
 *     }
 * }
 * SafetensorsFile.write(path, Map.of("weight", weight));
 * }</pre>
 *
 * <p>The file is mapped into memory: opening reads its header alone, and a tensor's bytes come from
 * the disk when they are touched. What {@link #array} returns is a view and lives until {@link
 * #close}; {@link #read} returns copies. While a file is open it must not be changed in place (to
 * replace it, as {@link #write} does, is safe). Threads may share an open file.
 *
 * <p>The format: <a href="https://github.com/huggingface/safetensors#format">safetensors</a>. The
 * header is checked whole when the file is opened. Tensors of a type that the format knows but
 * {@link DType} does not (I16, U16, U32, U64, C64, the 8-, 6- and 4-bit floats) do not keep a file
 * from being opened; they are refused when they are asked for.
 */
public final class SafetensorsFile implements AutoCloseable {
    private final Path path;
    private final Arena arena;
    private final SafetensorsHeader header;
    private final MemorySegment data;

    private SafetensorsFile(Path path, Arena arena, SafetensorsHeader header, MemorySegment data) {
        this.path = path;
        this.arena = arena;
        this.header = header;
        this.data = data;
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws FileFormatException if the file is no safetensors file, is cut off, or its header
     *     contradicts itself or the file
     */
    public static SafetensorsFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment file = InputFile.map(path, arena);
            byte[] json = SafetensorsLayout.headerOf(path, file);
            MemorySegment data = file.asSlice(SafetensorsLayout.LENGTH_SIZE + json.length);
            SafetensorsHeader header = SafetensorsHeader.parse(path, json, data.byteSize());
            return new SafetensorsFile(path, arena, header, data);
        } catch (Throwable failure) {
            arena.close();
            throw failure;
        }
    }

    /**
     * Reads a whole file: all tensors by name, in the order of the header, in memory of their own.
     * What is large, or copied elsewhere anyway, is better opened and read tensor by tensor.
     *
     * @throws FileFormatException as {@link #open} and {@link #array}
     */
    public static Map<String, HostArray> read(Path path) throws IOException {
        try (SafetensorsFile file = open(path)) {
            Map<String, HostArray> arrays = new LinkedHashMap<>();
            for (String name : file.names()) {
                arrays.put(name, file.array(name).copy());
            }
            return arrays;
        }
    }

    /** Writes tensors without metadata; see {@link #write(Path, Map, Map)}. */
    public static void write(Path path, Map<String, HostArray> tensors) throws IOException {
        write(path, tensors, Map.of());
    }

    /**
     * Writes a file, whole or not at all. The same tensors give the same bytes, whatever the order
     * of the maps: sorted by alignment, largest first, then by name, as the reference
     * implementation does; metadata sorted by key.
     *
     * @throws IllegalArgumentException if a tensor is named {@code __metadata__}, a name or text is
     *     not valid Unicode, or the header exceeds the format's 100 MB
     */
    public static void write(
            Path path, Map<String, HostArray> tensors, Map<String, String> metadata)
            throws IOException {
        SafetensorsLayout layout = SafetensorsLayout.of(tensors, metadata);
        WholeFile.write(path, layout::writeTo);
    }

    /** The names of all tensors, in the order of the header. */
    public Set<String> names() {
        return header.tensors().keySet();
    }

    /** The free text of the header, by key; empty if it has none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * The element type of a tensor.
     *
     * @throws FileFormatException if there is no such tensor, or its type is not supported
     */
    public DType dtype(String name) throws FileFormatException {
        SafetensorsHeader.Entry entry = entry(name);
        DType dtype = entry.type().dtype();
        if (dtype == null) {
            throw new FileFormatException(
                    path,
                    ("tensor %s is %s%s, a type that is not supported; convert it to one of F64,"
                         + " F32, F16, BF16, I64, I32, I8, U8, BOOL where it was written")
                            .formatted(quote(name), entry.type(), entry.shape()));
        }
        return dtype;
    }

    /**
     * The shape of a tensor.
     *
     * @throws FileFormatException if there is no such tensor
     */
    public Shape shape(String name) throws FileFormatException {
        return entry(name).shape();
    }

    /**
     * A tensor: a view of the file, valid until it is closed.
     *
     * @throws FileFormatException if there is no such tensor, its type is not supported, or it is
     *     BOOL and holds a byte that is neither 0 nor 1
     * @throws IllegalStateException if the file is closed
     */
    public HostArray array(String name) throws FileFormatException {
        DType dtype = dtype(name);
        SafetensorsHeader.Entry entry = entry(name);
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException(path + " is closed; read its arrays before");
        }
        MemorySegment bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
        if (dtype == DType.BOOL) {
            long index = Elements.firstNotBoolean(bytes);
            if (index >= 0) {
                throw new FileFormatException(
                        path,
                        ("tensor %s is BOOL, but its element %d is %d, not 0 or 1; write it anew,"
                                        + " as U8 if it holds numbers")
                                .formatted(
                                        quote(name), index, Elements.getByte(bytes, index) & 0xff));
            }
        }
        return new HostArray(dtype, entry.shape(), bytes);
    }

    private SafetensorsHeader.Entry entry(String name) throws FileFormatException {
        SafetensorsHeader.Entry entry = header.tensors().get(name);
        if (entry == null) {
            throw new FileFormatException(path, Names.missing("tensor", name, names()));
        }
        return entry;
    }

    /** Ends the mapping; arrays that this file returned can no longer be read. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    /** The path and the number of tensors. */
    @Override
    public String toString() {
        return "%s (%d tensors)".formatted(path, names().size());
    }
}
