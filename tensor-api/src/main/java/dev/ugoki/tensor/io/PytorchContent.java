package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.Shape;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a PyTorch file holds, by dotted names. */
record PytorchContent(Map<String, PytorchTensor> tensors, Map<String, Object> values) {
    private static final String PICKLE = "data.pkl";
    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long LEGACY_PROTOCOL = 1001;

    static PytorchContent read(Path path, MemorySegment file) throws FileFormatException {
        if (file.byteSize() >= 4 && file.get(Elements.INT, 0) == 0x04034b50) {
            return readZip(path, StoredZip.open(path, file));
        }
        if (file.byteSize() >= 2 && (file.get(Elements.BYTE, 0) & 0xff) == 0x80) {
            return readLegacy(path, file);
        }
        throw new FileFormatException(
                path,
                "is no PyTorch file: it begins neither as a zip archive nor as a pickle; name"
                        + " another file, or save it with torch.save of PyTorch 0.2 or later");
    }

    // ---- zip archives ----

    private static PytorchContent readZip(Path path, StoredZip zip) throws FileFormatException {
        String folder = null;
        for (String name : zip.names()) {
            int slash = name.indexOf('/');
            if (slash > 0 && name.substring(slash + 1).equals(PICKLE)) {
                if (folder != null) {
                    throw new FileFormatException(
                            path, "holds two objects, " + quote(folder) + " and " + quote(name));
                }
                folder = name.substring(0, slash + 1);
            }
        }
        if (folder == null) {
            throw new FileFormatException(
                    path, "is no PyTorch file: the archive holds no folder with " + PICKLE);
        }
        if (zip.names().contains(folder + "byteorder")) {
            byte[] order = zip.content(folder + "byteorder").asSlice(0).toArray(Elements.BYTE);
            requireLittleEndian(path, new String(order, StandardCharsets.UTF_8).equals("little"));
        }
        TorchWorld world = new TorchWorld(path);
        MemorySegment pickle = zip.content(folder + PICKLE);
        Pickle.Read read = Pickle.read(path, PICKLE, pickle, 0, world);
        for (Map.Entry<String, PytorchTensor.Storage> entry : world.storages().entrySet()) {
            MemorySegment elements = zip.content(folder + "data/" + entry.getKey());
            PytorchTensor.Storage storage = entry.getValue();
            if (elements.byteSize() != storage.count() * storage.type().byteSize()) {
                throw new FileFormatException(
                        path,
                        ("storage %s is said to have %d elements of %d bytes, but has %d bytes; it"
                                        + " is corrupt")
                                .formatted(
                                        quote(entry.getKey()),
                                        storage.count(),
                                        storage.type().byteSize(),
                                        elements.byteSize()));
            }
            storage.place(elements);
        }
        return new Flattening(path, pickle.byteSize()).of(read.object());
    }

    private static void requireLittleEndian(Path path, boolean isLittle)
            throws FileFormatException {
        if (!isLittle) {
            throw new FileFormatException(
                    path,
                    "was written by a big-endian machine, which is not supported; save it on a"
                            + " little-endian one");
        }
    }

    // ---- before the zip archives ----

    private static PytorchContent readLegacy(Path path, MemorySegment file)
            throws FileFormatException {
        TorchWorld world = new TorchWorld(path);
        Pickle.Read magic = Pickle.read(path, "the first pickle", file, 0, world);
        if (!LEGACY_MAGIC.equals(magic.object())) {
            throw new FileFormatException(
                    path,
                    "is a pickle, but not PyTorch's: its magic number is missing; name another"
                            + " file");
        }
        Pickle.Read protocol = Pickle.read(path, "the protocol", file, magic.end(), world);
        if (!Long.valueOf(LEGACY_PROTOCOL).equals(protocol.object())) {
            throw new FileFormatException(
                    path, "is of another protocol than " + LEGACY_PROTOCOL + "; save it anew");
        }
        Pickle.Read machine = Pickle.read(path, "the machine", file, protocol.end(), world);
        requireLittleEndian(
                path,
                machine.object() instanceof Pickle.Dict dict
                        && Boolean.TRUE.equals(dict.values().get("little_endian")));
        Pickle.Read object = Pickle.read(path, "the object", file, machine.end(), world);
        Pickle.Read keys = Pickle.read(path, "the list of storages", file, object.end(), world);
        placeStorages(path, file, keys, world.storages());
        return new Flattening(path, object.end() - machine.end()).of(object.object());
    }

    /** Behind the pickles: of each storage how many elements it has, and then they. */
    private static void placeStorages(
            Path path,
            MemorySegment file,
            Pickle.Read keys,
            Map<String, PytorchTensor.Storage> storages)
            throws FileFormatException {
        if (!(keys.object() instanceof Pickle.Items list)) {
            throw new FileFormatException(path, "is corrupt: it has no list of storages");
        }
        long at = keys.end();
        for (Object key : list.values()) {
            PytorchTensor.Storage storage = key instanceof String text ? storages.get(text) : null;
            if (storage == null) {
                throw new FileFormatException(
                        path, "is corrupt: it lists a storage that nothing refers to");
            }
            long rest = file.byteSize() - at - Long.BYTES;
            long size = storage.count() * storage.type().byteSize();
            if (rest < size || file.get(Elements.LONG, at) != storage.count()) {
                throw new FileFormatException(
                        path,
                        "is cut off or corrupt: storage " + quote((String) key) + " is not whole");
            }
            storage.place(file.asSlice(at + Long.BYTES, size));
            at += Long.BYTES + size;
        }
        for (Map.Entry<String, PytorchTensor.Storage> entry : storages.entrySet()) {
            if (entry.getValue().elements() == null) {
                throw new FileFormatException(
                        path, "is corrupt: it lacks storage " + quote(entry.getKey()));
            }
        }
    }

    // ---- what pickles refer to ----

    /** The names that a pickle of tensors needs; all others are refused. */
    private static final class TorchWorld implements Pickle.World {
        private enum Function {
            ORDERED_DICT,
            TENSOR,
            PARAMETER,
            SIZE
        }

        private final Path path;
        private final Map<String, PytorchTensor.Storage> storages = new LinkedHashMap<>();

        TorchWorld(Path path) {
            this.path = path;
        }

        Map<String, PytorchTensor.Storage> storages() {
            return storages;
        }

        @Override
        public Object named(String module, String name) throws FileFormatException {
            String whole = module + "." + name;
            PytorchStorageType type =
                    module.equals("torch") ? PytorchStorageType.ofClass(name) : null;
            if (type != null) {
                return type;
            }
            return switch (whole) {
                case "collections.OrderedDict" -> Function.ORDERED_DICT;
                case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" ->
                        Function.TENSOR;
                case "torch._utils._rebuild_parameter" -> Function.PARAMETER;
                case "torch.Size" -> Function.SIZE;
                default ->
                        throw new FileFormatException(
                                path,
                                "holds "
                                        + quote(whole)
                                        + ", which is no tensor, number, text, list or dict; no"
                                        + " code of a file is run: save model.state_dict() alone");
            };
        }

        @Override
        public Object called(Object function, List<Object> arguments) throws FileFormatException {
            if (function == Function.ORDERED_DICT && arguments.isEmpty()) {
                return new Pickle.Dict();
            }
            if (function == Function.TENSOR && arguments.size() >= 4) {
                return tensor(arguments);
            }
            if (function == Function.PARAMETER
                    && !arguments.isEmpty()
                    && arguments.getFirst() instanceof PytorchTensor tensor) {
                return tensor;
            }
            if (function == Function.SIZE
                    && arguments.size() == 1
                    && arguments.getFirst() instanceof Pickle.Items size) {
                return size;
            }
            throw wrong("calls a function with arguments that do not fit");
        }

        private PytorchTensor tensor(List<Object> arguments) throws FileFormatException {
            if (!(arguments.get(0) instanceof PytorchTensor.Storage storage)
                    || !(arguments.get(1) instanceof Long offset)
                    || !(arguments.get(2) instanceof Pickle.Items size)
                    || !(arguments.get(3) instanceof Pickle.Items stride)) {
                throw wrong("makes a tensor of something else than storage, offset, size, stride");
            }
            long[] extents = longs(size);
            long[] strides = longs(stride);
            if (extents.length != strides.length) {
                throw wrong(
                        "makes a tensor with %d extents and %d strides"
                                .formatted(extents.length, strides.length));
            }
            return checked(storage, offset, extents, strides);
        }

        private PytorchTensor checked(
                PytorchTensor.Storage storage, long offset, long[] extents, long[] strides)
                throws FileFormatException {
            try {
                Shape shape = CheckedShape.of(extents);
                Math.multiplyExact(shape.elementCount(), storage.type().byteSize());
                long last = offset;
                for (int dim = 0; dim < extents.length; dim++) {
                    last = Math.addExact(last, Math.multiplyExact(extents[dim] - 1, strides[dim]));
                }
                if (offset < 0 || shape.elementCount() > 0 && last >= storage.count()) {
                    throw wrong("has a tensor that is not inside of its storage");
                }
                return new PytorchTensor(storage, offset, shape, strides);
            } catch (ArithmeticException e) {
                throw wrong("has a tensor that is larger than any file");
            }
        }

        private long[] longs(Pickle.Items items) throws FileFormatException {
            long[] longs = new long[items.values().size()];
            for (int i = 0; i < longs.length; i++) {
                if (!(items.values().get(i) instanceof Long value) || value < 0) {
                    throw wrong("has a tensor whose extents or strides are no numbers from 0 up");
                }
                longs[i] = value;
            }
            return longs;
        }

        /** {@code ('storage', type, key, device, count)}, and in old files a part of it. */
        @Override
        public Object persistent(Object id) throws FileFormatException {
            if (!(id instanceof Pickle.Items tuple) || tuple.values().size() < 5) {
                throw wrong("refers to something that is no storage");
            }
            List<Object> of = tuple.values();
            if (!"storage".equals(of.get(0))
                    || !(of.get(1) instanceof PytorchStorageType type)
                    || !(of.get(2) instanceof String key)
                    || !(of.get(4) instanceof Long count)) {
                throw wrong("refers to something that is no storage");
            }
            if (count < 0 || count > Long.MAX_VALUE / type.byteSize()) {
                throw wrong("has a storage of " + count + " elements");
            }
            PytorchTensor.Storage storage =
                    storages.computeIfAbsent(key, _ -> new PytorchTensor.Storage(type, count));
            if (storage.type() != type || storage.count() != count) {
                throw wrong("has a storage, " + quote(key) + ", of two types or sizes");
            }
            Object part = of.size() > 5 ? of.get(5) : Pickle.None.NONE;
            return part == Pickle.None.NONE ? storage : part(storage, part);
        }

        private PytorchTensor.Storage part(PytorchTensor.Storage root, Object description)
                throws FileFormatException {
            if (!(description instanceof Pickle.Items tuple)
                    || tuple.values().size() != 3
                    || !(tuple.values().get(1) instanceof Long offset)
                    || !(tuple.values().get(2) instanceof Long count)
                    || offset < 0
                    || count < 0
                    || count > root.count() - offset) {
                throw wrong("has a part of a storage that is not inside of it");
            }
            return new PytorchTensor.Storage(root, offset, count);
        }

        private FileFormatException wrong(String problem) {
            return new FileFormatException(path, problem + "; it is corrupt or no PyTorch file");
        }
    }

    // ---- names ----

    /** Puts what is nested under dotted names. */
    private static final class Flattening {
        private static final int DEEPEST = 64;
        private static final long CHARACTERS_FOR_EACH_BYTE = 16;

        private final Path path;
        private final Map<String, PytorchTensor> tensors = new LinkedHashMap<>();
        private final Map<String, Object> values = new LinkedHashMap<>();
        private long entriesLeft;
        private long charactersLeft;

        /**
         * @param size of the pickle in bytes: no more entries are in it, and their names are not
         *     much longer
         */
        Flattening(Path path, long size) {
            this.path = path;
            entriesLeft = size;
            charactersLeft = CHARACTERS_FOR_EACH_BYTE * size;
        }

        PytorchContent of(Object object) throws FileFormatException {
            add("", object, 0);
            return new PytorchContent(tensors, values);
        }

        private void add(String name, Object object, int depth) throws FileFormatException {
            charactersLeft -= name.length();
            if (entriesLeft-- <= 0 || charactersLeft < 0 || depth > DEEPEST) {
                throw new FileFormatException(
                        path, "holds a dict or list many times over, or in itself");
            }
            switch (object) {
                case PytorchTensor tensor -> put(tensors, name.isEmpty() ? "tensor" : name, tensor);
                case Pickle.Dict dict -> {
                    for (Map.Entry<Object, Object> entry : dict.values().entrySet()) {
                        add(joined(name, entry.getKey()), entry.getValue(), depth + 1);
                    }
                }
                case Pickle.Items items -> {
                    long number = 0;
                    for (Object item : items.values()) {
                        add(joined(name, number++), item, depth + 1);
                    }
                }
                case Number _, Boolean _, String _ -> put(values, name, object);
                case Pickle.None _ -> {}
                default ->
                        throw new FileFormatException(
                                path, quote(name) + " is no tensor, number, text, list or dict");
            }
        }

        private String joined(String name, Object key) throws FileFormatException {
            charactersLeft -= name.length();
            if (charactersLeft < 0) {
                throw new FileFormatException(path, "has names that are too long together");
            }
            return name.isEmpty() ? key.toString() : name + "." + key;
        }

        private <T> void put(Map<String, T> map, String name, T value) throws FileFormatException {
            if (map.put(name, value) != null) {
                throw new FileFormatException(path, "holds two things named " + quote(name));
            }
        }
    }
}
