package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a file that {@code torch.save} wrote: a state dict, or a checkpoint that holds
 * one.
 *
 * <pre>{@code
 * network.load(PytorchFile.read(Path.of("resnet18.pth")));
 * PytorchFile checkpoint = PytorchFile.open(Path.of("resnet20.th"));
 * network.load(checkpoint.arrays("state_dict.module."));
 * Object accuracy = checkpoint.values().get("best_prec1");
 * }</pre>
 *
 * <p>Both formats are read: the zip archives since PyTorch 1.6, and the older ones, one pickle
 * after the other. What is nested has dotted names; what is in a list, its number.
 *
 * <p>No code is run. Such a file is a pickle, a program that can call any function; here nothing is
 * behind the names of functions. What is no tensor, number, text, list, tuple or dict is refused,
 * with its name: then save {@code model.state_dict()} alone, or a safetensors file.
 *
 * <p>The file is mapped into memory. An array is a view of it where its elements lie in order, else
 * a copy; both live as long as they can be reached. The file must not be changed in place
 * meanwhile. Threads may share an open file.
 */
public final class PytorchFile {
    private final Path path;
    private final long size;
    private final Map<String, PytorchTensor> tensors;
    private final Map<String, Object> values;

    private PytorchFile(
            Path path, long size, Map<String, PytorchTensor> tensors, Map<String, Object> values) {
        this.path = path;
        this.size = size;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.values = Collections.unmodifiableMap(values);
    }

    /**
     * Opens a file, reads what it holds, but for the elements of tensors, and compares the
     * checksums of an archive.
     *
     * @throws FileFormatException if the file is no such file, is cut off, contradicts itself, or
     *     holds something else than data
     */
    public static PytorchFile open(Path path) throws IOException {
        MemorySegment file = InputFile.map(path, Arena.ofAuto());
        PytorchContent content = PytorchContent.read(path, file);
        return new PytorchFile(path, file.byteSize(), content.tensors(), content.values());
    }

    /**
     * All tensors of a file by their names.
     *
     * @throws FileFormatException as {@link #open} and {@link #array}
     */
    public static Map<String, HostArray> read(Path path) throws IOException {
        return open(path).arrays("");
    }

    /** The names of all tensors, in the order of the file. */
    public Set<String> names() {
        return tensors.keySet();
    }

    /** Numbers ({@link Long}, {@link Double}), {@link Boolean}s and texts, by their names. */
    public Map<String, Object> values() {
        return values;
    }

    /**
     * The element type of a tensor.
     *
     * @throws FileFormatException if there is no such tensor, or its type is not supported
     */
    public DType dtype(String name) throws FileFormatException {
        return tensor(name).dtype(path, name);
    }

    /**
     * The shape of a tensor.
     *
     * @throws FileFormatException if there is no such tensor
     */
    public Shape shape(String name) throws FileFormatException {
        return tensor(name).shape();
    }

    /**
     * A tensor.
     *
     * @throws FileFormatException if there is no such tensor, its type is not supported, it has
     *     more elements than are stored for it, or it is BOOL and holds a byte that is neither 0
     *     nor 1
     */
    public HostArray array(String name) throws FileFormatException {
        return tensor(name).array(path, name);
    }

    /**
     * The tensors whose names begin with {@code prefix}, by the rest of their names.
     *
     * @throws FileFormatException as {@link #array}; or if tensors out of order share so much
     *     memory that copies of them are larger than the file
     */
    public Map<String, HostArray> arrays(String prefix) throws FileFormatException {
        Map<String, HostArray> arrays = new LinkedHashMap<>();
        long copied = 0;
        for (Map.Entry<String, PytorchTensor> entry : tensors.entrySet()) {
            String name = entry.getKey();
            if (!name.startsWith(prefix)) {
                continue;
            }
            copied += entry.getValue().isInOrder() ? 0 : entry.getValue().copySize();
            if (copied > size) {
                throw new FileFormatException(
                        path,
                        "its tensors, put in order, are larger than the file; read them one by"
                                + " one");
            }
            arrays.put(name.substring(prefix.length()), array(name));
        }
        if (arrays.isEmpty() && !prefix.isEmpty()) {
            throw new FileFormatException(
                    path, Names.missing("tensors of the prefix", prefix, names()));
        }
        return arrays;
    }

    private PytorchTensor tensor(String name) throws FileFormatException {
        PytorchTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new FileFormatException(path, Names.missing("tensor", name, names()));
        }
        return tensor;
    }

    /** The path and the number of tensors. */
    @Override
    public String toString() {
        return "%s (%d tensors)".formatted(path, tensors.size());
    }

    static String unsupported(String name, String type) {
        return ("tensor %s is of %s, a type that is not supported; convert it to one of F64, F32,"
                        + " F16, BF16, I64, I32, I8, U8, BOOL where it was written")
                .formatted(quote(name), type);
    }
}
