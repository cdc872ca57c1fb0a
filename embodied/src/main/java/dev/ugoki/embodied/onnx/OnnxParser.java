package dev.ugoki.embodied.onnx;

import dev.ugoki.embodied.onnx.OnnxModel.Attribute;
import dev.ugoki.embodied.onnx.OnnxModel.Extent;
import dev.ugoki.embodied.onnx.OnnxModel.Node;
import dev.ugoki.embodied.onnx.OnnxModel.Program;
import dev.ugoki.embodied.onnx.OnnxModel.Value;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads ONNX's messages. The numbers of fields are those of onnx.proto; fields that say nothing of
 * what is computed (documentation, quantization hints, training) are left out.
 */
final class OnnxParser {
    private static final int DEEPEST = 16;
    private static final int MOST_DIMENSIONS = 64;
    private static final int EXTERNAL = 1;

    private final Path file;
    private int depth;

    private OnnxParser(Path file) {
        this.file = file;
    }

    /** Tensors' bytes are views of {@code bytes} where the file holds them raw. */
    static OnnxModel parse(Path file, MemorySegment bytes) throws FileFormatException {
        return new OnnxParser(file).model(new ProtobufReader(file, bytes));
    }

    private OnnxModel model(ProtobufReader in) throws FileFormatException {
        Map<String, Long> sets = new HashMap<>();
        Program program = null;
        while (in.next()) {
            switch (in.field()) {
                case 7 -> program = program(in.message());
                case 8 -> operatorSet(in.message(), sets);
                default -> in.skip();
            }
        }
        if (program == null || sets.isEmpty()) {
            throw error("is no ONNX model: it has no graph, or says no operator set");
        }
        return new OnnxModel(sets, program);
    }

    private static void operatorSet(ProtobufReader in, Map<String, Long> sets)
            throws FileFormatException {
        String domain = "";
        long version = 0;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> domain = in.text();
                case 2 -> version = in.integer();
                default -> in.skip();
            }
        }
        sets.put(domain.equals("ai.onnx") ? "" : domain, version);
    }

    private Program program(ProtobufReader in) throws FileFormatException {
        if (++depth > DEEPEST) {
            throw error("has graphs within graphs, more than " + DEEPEST);
        }
        String name = "";
        List<Value> inputs = new ArrayList<>();
        List<Value> outputs = new ArrayList<>();
        List<Node> nodes = new ArrayList<>();
        Map<String, HostArray> initializers = new LinkedHashMap<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> nodes.add(node(in.message()));
                case 2 -> name = in.text();
                case 5 -> tensor(in.message(), initializers);
                case 11 -> inputs.add(value(in.message()));
                case 12 -> outputs.add(value(in.message()));
                case 15 -> throw error("holds sparse tensors, which are not supported");
                default -> in.skip();
            }
        }
        depth--;
        return new Program(name, inputs, outputs, nodes, initializers);
    }

    private Node node(ProtobufReader in) throws FileFormatException {
        String name = "";
        String operator = "";
        String domain = "";
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        Map<String, Attribute> attributes = new HashMap<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> inputs.add(in.text());
                case 2 -> outputs.add(in.text());
                case 3 -> name = in.text();
                case 4 -> operator = in.text();
                case 5 -> attribute(in.message(), attributes);
                case 7 -> domain = in.text();
                default -> in.skip();
            }
        }
        return new Node(
                name,
                operator,
                domain.equals("ai.onnx") ? "" : domain,
                inputs,
                outputs,
                attributes);
    }

    private void attribute(ProtobufReader in, Map<String, Attribute> attributes)
            throws FileFormatException {
        String name = "";
        Attribute found = null;
        List<Float> decimals = new ArrayList<>();
        List<Long> wholes = new ArrayList<>();
        long kind = 0;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> name = in.text();
                case 2 -> found = new Attribute.Decimal(in.number());
                case 3 -> found = new Attribute.Whole(in.integer());
                case 4 -> found = new Attribute.Text(in.text());
                case 5 -> found = new Attribute.Array(tensor(in.message(), new HashMap<>()));
                case 6 -> found = new Attribute.Body(program(in.message()));
                case 7 -> in.floats(decimals::add);
                case 8 -> in.integers(wholes::add);
                case 20 -> kind = in.integer();
                default -> in.skip();
            }
        }
        // A list may be empty, and then only its kind is there.
        if (kind == 6 || !decimals.isEmpty()) {
            found = new Attribute.Decimals(decimals);
        } else if (kind == 7 || !wholes.isEmpty()) {
            found = new Attribute.Wholes(wholes);
        } else if (found == null) {
            // A number that is 0 or a text that is empty need not stand in the file.
            found =
                    switch ((int) kind) {
                        case 1 -> new Attribute.Decimal(0);
                        case 2 -> new Attribute.Whole(0);
                        case 3 -> new Attribute.Text("");
                        default -> new Attribute.Other("kind " + kind);
                    };
        }
        attributes.put(name, found);
    }

    private Value value(ProtobufReader in) throws FileFormatException {
        String name = "";
        Value value = null;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> name = in.text();
                case 2 -> value = type(in.message());
                default -> in.skip();
            }
        }
        return new Value(
                name, value == null ? null : value.type(), value == null ? null : value.extents());
    }

    private Value type(ProtobufReader in) throws FileFormatException {
        Value value = new Value("", null, null);
        while (in.next()) {
            if (in.field() == 1) {
                value = tensorType(in.message());
            } else {
                in.skip();
            }
        }
        return value;
    }

    private Value tensorType(ProtobufReader in) throws FileFormatException {
        OnnxType type = null;
        List<Extent> extents = null;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> type = OnnxType.of(in.integer());
                case 2 -> extents = extents(in.message());
                default -> in.skip();
            }
        }
        return new Value("", type, extents);
    }

    private List<Extent> extents(ProtobufReader in) throws FileFormatException {
        List<Extent> extents = new ArrayList<>();
        while (in.next()) {
            if (in.field() == 1) {
                extents.add(extent(in.message()));
            } else {
                in.skip();
            }
        }
        if (extents.size() > MOST_DIMENSIONS) {
            throw error("has a value of " + extents.size() + " dimensions");
        }
        return extents;
    }

    private static Extent extent(ProtobufReader in) throws FileFormatException {
        long value = -1;
        String name = "";
        while (in.next()) {
            switch (in.field()) {
                case 1 -> value = in.integer();
                case 2 -> name = in.text();
                default -> in.skip();
            }
        }
        return new Extent(value, name);
    }

    /** A tensor, which is put among the named ones too. */
    private HostArray tensor(ProtobufReader in, Map<String, HostArray> named)
            throws FileFormatException {
        List<Long> extents = new ArrayList<>();
        OnnxType type = null;
        String name = "";
        MemorySegment raw = null;
        Elements elements = new Elements();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> in.integers(extents::add);
                case 2 -> type = OnnxType.of(in.integer());
                case 4 -> in.floats(elements::add);
                case 5, 7 -> in.integers(elements::add);
                case 8 -> name = in.text();
                case 9 -> raw = in.bytes();
                case 10 -> in.doubles(elements::add);
                case 14 -> {
                    if (in.integer() == EXTERNAL) {
                        throw error(
                                "keeps its weights in another file, which is not supported; save"
                                        + " the model as one file");
                    }
                }
                default -> in.skip();
            }
        }
        HostArray array = array(name, type, extents, raw, elements);
        named.put(name, array);
        return array;
    }

    private HostArray array(
            String name,
            @Nullable OnnxType type,
            List<Long> extents,
            @Nullable MemorySegment raw,
            Elements elements)
            throws FileFormatException {
        DType dtype = type == null ? null : type.dtype();
        if (dtype == null) {
            throw error("tensor '" + name + "' is of type " + type + ", which is not supported");
        }
        if (extents.size() > MOST_DIMENSIONS) {
            throw error("tensor '" + name + "' has " + extents.size() + " dimensions");
        }
        try {
            Shape shape = Shape.of(extents.stream().mapToLong(Long::longValue).toArray());
            if (raw == null && elements.count != shape.elementCount()) {
                throw new IllegalArgumentException(
                        "it holds " + elements.count + " elements, and its shape is " + shape);
            }
            return new HostArray(dtype, shape, raw != null ? raw : elements.bytes(dtype));
        } catch (IllegalArgumentException e) {
            throw error("tensor '" + name + "' is wrong: " + e.getMessage());
        }
    }

    /** Elements that stand one by one, as long bits or as double bits. */
    private static final class Elements {
        private long[] values = new long[16];
        private int count;
        private boolean floating;

        void add(long value) {
            if (count == values.length) {
                values = Arrays.copyOf(values, count * 2);
            }
            values[count++] = value;
        }

        void add(double value) {
            floating = true;
            add(Double.doubleToRawLongBits(value));
        }

        void add(float value) {
            add((double) value);
        }

        MemorySegment bytes(DType dtype) {
            if (floating != (dtype == DType.F32 || dtype == DType.F64) && count > 0) {
                throw new IllegalArgumentException("its elements are not " + dtype);
            }
            byte[] bytes = new byte[Math.multiplyExact(count, dtype.byteSize())];
            MemorySegment segment = MemorySegment.ofArray(bytes);
            for (int i = 0; i < count; i++) {
                put(segment, dtype, i, values[i]);
            }
            return segment;
        }

        private static void put(MemorySegment segment, DType dtype, int index, long value) {
            ByteOrder order = ByteOrder.LITTLE_ENDIAN;
            long at = (long) index * dtype.byteSize();
            long bits =
                    dtype == DType.F32
                            ? Float.floatToRawIntBits((float) Double.longBitsToDouble(value))
                            : value;
            switch (dtype.byteSize()) {
                case 1 -> segment.set(ValueLayout.JAVA_BYTE, at, (byte) bits);
                case 2 ->
                        segment.set(
                                ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order),
                                at,
                                (short) bits);
                case 4 ->
                        segment.set(
                                ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at, (int) bits);
                default -> segment.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at, bits);
            }
        }
    }

    private FileFormatException error(String problem) {
        return new FileFormatException(file, problem);
    }
}
