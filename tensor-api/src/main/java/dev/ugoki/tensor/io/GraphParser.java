package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.GraphBuilder;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Op;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the text of {@link GraphText}. Every operation's types are inferred and checked as if its
 * author had called it; the types in the text must be the same.
 */
final class GraphParser {
    private static final int DEEPEST = 32;
    private static final int MOST_DIMENSIONS = 64;

    /** The tensor of a weight's name; null if there is none. */
    @FunctionalInterface
    interface Weights {
        @Nullable Tensor find(String name) throws FileFormatException;
    }

    private final Path file;
    private final String text;
    private int position;
    private int depth;

    private GraphParser(Path file, String text) {
        this.file = file;
        this.text = text;
    }

    static NamedGraph parse(Path file, String text, Weights weights) throws FileFormatException {
        GraphParser parser = new GraphParser(file, text);
        parser.header();
        return parser.program(weights, false);
    }

    private void header() throws FileFormatException {
        if (!text.startsWith(GraphText.HEADER + " ")) {
            throw new FileFormatException(
                    file, "is no graph: it does not begin with '" + GraphText.HEADER + "'");
        }
        position = GraphText.HEADER.length();
        long version = integer();
        if (version != GraphText.VERSION) {
            throw new FileFormatException(
                    file,
                    "is of version "
                            + version
                            + ", and this release reads version "
                            + GraphText.VERSION
                            + "; write it anew with this release");
        }
    }

    /** A line that makes values. */
    private record Line(
            int start,
            Op op,
            List<Integer> operands,
            List<Integer> results,
            List<TensorType> types) {}

    /** A value with a name. */
    private record Named(int start, int value, @Nullable TensorType type, String name) {}

    /** A weight that is changed, and by what. */
    private record Change(int start, int capture, int value) {}

    /** What stands in the file, in order of kinds. */
    private record Content(
            List<Named> inputs,
            List<Named> captures,
            List<Line> lines,
            List<Change> changes,
            List<Named> results) {}

    private NamedGraph program(Weights weights, boolean isBody) throws FileFormatException {
        Content content =
                new Content(
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>(),
                        new ArrayList<>());
        while (!atEnd(isBody)) {
            int start = position;
            if (skip('%')) {
                position--;
                content.lines().add(line());
                continue;
            }
            String word = word();
            switch (word) {
                case "input" -> content.inputs().add(named(start, true));
                case "weight" -> content.captures().add(named(start, true));
                case "result" -> content.results().add(named(start, false));
                case "update" -> content.changes().add(change(start));
                default ->
                        throw error(
                                start,
                                "expected 'input', 'weight', 'result', 'update' or a value, found "
                                        + quote(word));
            }
        }
        if (isBody && !(content.captures().isEmpty() && content.changes().isEmpty())) {
            throw error(position, "a loop's body has no weights; they are its operands");
        }
        return build(content, weights);
    }

    private Change change(int start) throws FileFormatException {
        int capture = valueNumber();
        String with = word();
        if (!with.equals("with")) {
            throw error(start, "expected 'update %.. with %..'");
        }
        return new Change(start, capture, valueNumber());
    }

    /** Writes the program down again, each weight where it is first used, as a trace does. */
    private NamedGraph build(Content content, Weights weights) throws FileFormatException {
        GraphBuilder builder = new GraphBuilder();
        Map<Integer, Integer> values = new HashMap<>();
        for (Named input : content.inputs()) {
            define(values, input.start(), input.value(), builder.input(type(input)));
        }
        Map<Integer, Named> waiting = new HashMap<>();
        List<String> names = new ArrayList<>();
        for (Named capture : content.captures()) {
            if (waiting.put(capture.value(), capture) != null
                    || values.containsKey(capture.value())) {
                throw madeTwice(capture.start(), capture.value());
            }
        }
        requireDifferent(content.captures());
        for (Line line : content.lines()) {
            List<Integer> operands = new ArrayList<>();
            for (int number : line.operands()) {
                operands.add(value(builder, values, waiting, names, weights, line.start(), number));
            }
            run(line, builder, operands, values);
        }
        List<Graph.Update> updates = new ArrayList<>();
        for (Change change : content.changes()) {
            int to =
                    value(builder, values, waiting, names, weights, change.start(), change.value());
            int capture =
                    value(
                            builder,
                            values,
                            waiting,
                            names,
                            weights,
                            change.start(),
                            change.capture());
            requireUpdatable(content, change);
            updates.add(new Graph.Update(capture, to));
        }
        List<Integer> results = new ArrayList<>();
        for (Named result : content.results()) {
            results.add(
                    value(
                            builder,
                            values,
                            waiting,
                            names,
                            weights,
                            result.start(),
                            result.value()));
        }
        try {
            return new NamedGraph(
                    builder.build(results, updates),
                    content.inputs().stream().map(Named::name).toList(),
                    content.results().stream().map(Named::name).toList(),
                    names);
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, "holds a wrong program: " + e.getMessage(), e);
        }
    }

    private static TensorType type(Named input) {
        if (input.type() == null) {
            throw new IllegalStateException("was read with its type");
        }
        return input.type();
    }

    private void requireDifferent(List<Named> captures) throws FileFormatException {
        Set<String> names = new HashSet<>();
        for (Named capture : captures) {
            if (!names.add(capture.name())) {
                throw error(
                        capture.start(), "weight " + quote(capture.name()) + " stands there twice");
            }
        }
    }

    /** Only a weight changes, by a value of its own type, and once. */
    private void requireUpdatable(Content content, Change change) throws FileFormatException {
        TensorType weight = null;
        for (Named capture : content.captures()) {
            weight = capture.value() == change.capture() ? capture.type() : weight;
        }
        TensorType by = null;
        for (Line line : content.lines()) {
            int at = line.results().indexOf(change.value());
            by = at >= 0 ? line.types().get(at) : by;
        }
        for (Named each : content.inputs()) {
            by = each.value() == change.value() ? each.type() : by;
        }
        long times =
                content.changes().stream()
                        .filter(each -> each.capture() == change.capture())
                        .count();
        if (weight == null || !weight.equals(by) || times > 1) {
            throw error(
                    change.start(),
                    "an update gives a weight a value of its type, made in the program, and once");
        }
    }

    private int value(
            GraphBuilder builder,
            Map<Integer, Integer> values,
            Map<Integer, Named> waiting,
            List<String> names,
            Weights weights,
            int start,
            int number)
            throws FileFormatException {
        Integer known = values.get(number);
        if (known != null) {
            return known;
        }
        Named capture = waiting.remove(number);
        if (capture == null) {
            throw error(start, "value %" + number + " is used before it is made");
        }
        int captured = builder.capture(weight(capture, weights));
        names.add(capture.name());
        values.put(number, captured);
        return captured;
    }

    private Tensor weight(Named capture, Weights weights) throws FileFormatException {
        Tensor tensor = weights.find(capture.name());
        if (tensor == null) {
            throw error(
                    capture.start(), "the weights hold no tensor named " + quote(capture.name()));
        }
        if (!tensor.type().equals(capture.type())) {
            throw error(
                    capture.start(),
                    "weight "
                            + quote(capture.name())
                            + " should be "
                            + capture.type()
                            + ", but the weights hold "
                            + tensor.type());
        }
        return tensor;
    }

    private void run(
            Line line, GraphBuilder builder, List<Integer> operands, Map<Integer, Integer> values)
            throws FileFormatException {
        List<Integer> made;
        List<TensorType> types;
        try {
            made = builder.add(line.op(), operands);
            types = made.stream().map(builder::typeOf).toList();
        } catch (RuntimeException e) {
            throw error(line.start(), e.getMessage(), e);
        }
        if (made.size() != line.results().size()) {
            throw error(
                    line.start(),
                    line.op().name()
                            + " has "
                            + made.size()
                            + " results, but "
                            + line.results().size()
                            + " stand here");
        }
        for (int i = 0; i < made.size(); i++) {
            if (!types.get(i).equals(line.types().get(i))) {
                throw error(
                        line.start(),
                        line.op().name()
                                + " gives "
                                + types.get(i)
                                + ", but "
                                + line.types().get(i)
                                + " stands here");
            }
            define(values, line.start(), line.results().get(i), made.get(i));
        }
    }

    private void define(Map<Integer, Integer> values, int start, int number, int value)
            throws FileFormatException {
        if (values.put(number, value) != null) {
            throw madeTwice(start, number);
        }
    }

    private FileFormatException madeTwice(int start, int number) {
        return error(start, "value %" + number + " is made twice");
    }

    private Named named(int start, boolean typed) throws FileFormatException {
        int value = valueNumber();
        return new Named(start, value, typed ? type() : null, string());
    }

    private Line line() throws FileFormatException {
        int start = position;
        List<Integer> results = new ArrayList<>();
        List<TensorType> types = new ArrayList<>();
        do {
            results.add(valueNumber());
            types.add(type());
        } while (skip(','));
        expect('=');
        int nameStart = position;
        String name = word();
        Class<? extends Op> record = OperationRecords.find(name);
        if (record == null) {
            throw error(
                    nameStart,
                    "there is no operation "
                            + quote(name)
                            + " in this release; read the file with the release that wrote it");
        }
        Map<String, Attribute> attributes = attributes();
        List<Integer> operands = new ArrayList<>();
        expect('(');
        if (!skip(')')) {
            do {
                operands.add(valueNumber());
            } while (skip(','));
            expect(')');
        }
        Graph body = null;
        if (skip('{')) {
            deeper();
            body = program(_ -> null, true).graph();
            depth--;
        }
        return new Line(
                start, (Op) create(record, nameStart, attributes, body), operands, results, types);
    }

    private void deeper() throws FileFormatException {
        if (++depth > DEEPEST) {
            throw error(position, "is nested deeper than " + DEEPEST + " levels");
        }
    }

    /** An attribute's text is understood once it is known what it should be. */
    private sealed interface Attribute {
        int start();

        record Word(int start, String text) implements Attribute {}

        record Text(int start, String text) implements Attribute {}

        record Items(int start, List<Attribute> items) implements Attribute {}

        record Fields(int start, String name, Map<String, Attribute> fields) implements Attribute {}
    }

    private Map<String, Attribute> attributes() throws FileFormatException {
        Map<String, Attribute> attributes = new HashMap<>();
        if (!skip('[')) {
            return attributes;
        }
        do {
            skipSpace();
            int start = position;
            String name = word();
            expect('=');
            if (attributes.put(name, attribute()) != null) {
                throw error(start, "attribute " + quote(name) + " stands there twice");
            }
        } while (skip(','));
        expect(']');
        return attributes;
    }

    private Attribute attribute() throws FileFormatException {
        deeper();
        skipSpace();
        int start = position;
        Attribute attribute;
        if (skip('[')) {
            List<Attribute> items = new ArrayList<>();
            if (!skip(']')) {
                do {
                    items.add(attribute());
                } while (skip(','));
                expect(']');
            }
            attribute = new Attribute.Items(start, items);
        } else if (position < text.length() && text.charAt(position) == '"') {
            attribute = new Attribute.Text(start, string());
        } else {
            String word = word();
            boolean isRecord = position < text.length() && text.charAt(position) == '[';
            attribute =
                    isRecord
                            ? new Attribute.Fields(start, word, attributes())
                            : new Attribute.Word(start, word);
        }
        depth--;
        return attribute;
    }

    private Object create(
            Class<?> record, int start, Map<String, Attribute> attributes, @Nullable Graph body)
            throws FileFormatException {
        RecordComponent[] components = record.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        int used = 0;
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            if (types[i] == Graph.class) {
                if (body == null) {
                    throw error(start, "a loop needs a body in braces");
                }
                values[i] = body;
                continue;
            }
            String name = components[i].getName();
            Attribute attribute = attributes.get(name);
            if (attribute == null) {
                throw error(
                        start,
                        OperationRecords.name(record) + " needs an attribute " + quote(name));
            }
            used++;
            values[i] = convert(attribute, types[i], components[i].getGenericType());
        }
        if (used < attributes.size()) {
            throw error(
                    start,
                    OperationRecords.name(record)
                            + " has other attributes than "
                            + attributes.keySet());
        }
        if (body != null && Arrays.stream(types).noneMatch(type -> type == Graph.class)) {
            throw error(start, OperationRecords.name(record) + " has no body");
        }
        try {
            Constructor<?> constructor = record.getDeclaredConstructor(types);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            if (cause instanceof RuntimeException problem) {
                throw error(start, String.valueOf(problem.getMessage()), problem);
            }
            throw new IllegalStateException("making " + record, e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("making " + record, e);
        }
    }

    private Object convert(Attribute attribute, Class<?> type, Type generic)
            throws FileFormatException {
        if (type == List.class && generic instanceof ParameterizedType list) {
            Class<?> element = (Class<?>) list.getActualTypeArguments()[0];
            List<Object> items = new ArrayList<>();
            for (Attribute item : items(attribute)) {
                items.add(convert(item, element, element));
            }
            return items;
        }
        if (type == Shape.class) {
            return shape(attribute);
        }
        if (type == Axes.class) {
            List<Attribute> items = items(attribute);
            int[] dims = new int[items.size()];
            for (int i = 0; i < dims.length; i++) {
                dims[i] = (int) convert(items.get(i), int.class, int.class);
            }
            return Axes.of(dims);
        }
        if (type.isRecord() || type.isInterface()) {
            return nested(attribute, type);
        }
        return scalar(attribute, type);
    }

    /** A range, edges or a window, or an operation that another holds. */
    private Object nested(Attribute attribute, Class<?> type) throws FileFormatException {
        if (type == Device.class && attribute instanceof Attribute.Text(int start, String name)) {
            try {
                return Device.parse(name);
            } catch (IllegalArgumentException e) {
                throw error(start, String.valueOf(e.getMessage()), e);
            }
        }
        String name;
        Map<String, Attribute> fields;
        switch (attribute) {
            case Attribute.Fields(int _, String given, Map<String, Attribute> all) -> {
                name = given;
                fields = all;
            }
            case Attribute.Word(int _, String given) -> {
                name = given;
                fields = Map.of();
            }
            default -> throw error(attribute.start(), "expected a " + type.getSimpleName());
        }
        Class<?> record = type.isRecord() ? type : OperationRecords.find(name);
        if (record == null
                || !type.isAssignableFrom(record)
                || !OperationRecords.name(record).equals(name)) {
            throw error(
                    attribute.start(),
                    "expected a " + type.getSimpleName() + ", found " + quote(name));
        }
        return create(record, attribute.start(), fields, null);
    }

    private List<Attribute> items(Attribute attribute) throws FileFormatException {
        if (attribute instanceof Attribute.Items(int _, List<Attribute> items)) {
            return items;
        }
        throw error(attribute.start(), "expected a list in brackets");
    }

    private Shape shape(Attribute attribute) throws FileFormatException {
        List<Attribute> items = items(attribute);
        long[] extents = new long[items.size()];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = (long) convert(items.get(i), long.class, long.class);
        }
        return shape(attribute.start(), extents);
    }

    private Shape shape(int start, long[] extents) throws FileFormatException {
        if (extents.length > MOST_DIMENSIONS) {
            throw error(start, "a shape of more than " + MOST_DIMENSIONS + " dimensions");
        }
        try {
            return CheckedShape.of(extents);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw error(start, Arrays.toString(extents) + " is no shape", e);
        }
    }

    private Object scalar(Attribute attribute, Class<?> type) throws FileFormatException {
        if (!(attribute instanceof Attribute.Word(int start, String word))) {
            throw error(attribute.start(), "expected a " + type.getSimpleName());
        }
        if (type.isEnum()) {
            for (Object constant : type.getEnumConstants()) {
                if (((Enum<?>) constant).name().equals(word)) {
                    return constant;
                }
            }
            throw error(start, quote(word) + " is no " + type.getSimpleName());
        }
        if (type == boolean.class && (word.equals("true") || word.equals("false"))) {
            return word.equals("true");
        }
        try {
            if (type == int.class) {
                return Integer.parseInt(word);
            }
            if (type == long.class) {
                return Long.parseLong(word);
            }
            if (type == double.class) {
                return Double.parseDouble(word);
            }
            if (type == Number.class) {
                boolean whole = word.chars().allMatch(c -> c == '-' || c >= '0' && c <= '9');
                return whole ? (Object) Long.parseLong(word) : (Object) Double.parseDouble(word);
            }
        } catch (NumberFormatException e) {
            throw error(start, quote(word) + " is no " + type.getSimpleName(), e);
        }
        throw error(start, quote(word) + " is no " + type.getSimpleName());
    }

    private TensorType type() throws FileFormatException {
        skipSpace();
        int start = position;
        String name = word();
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(name)) {
                return new TensorType(dtype, shape(attribute()));
            }
        }
        throw error(start, "expected a dtype, found " + quote(name));
    }

    private int valueNumber() throws FileFormatException {
        expect('%');
        int start = position;
        long number = integer();
        if (number < 0 || number > Integer.MAX_VALUE) {
            throw error(start, "a value's number must be from 0 to 2^31 - 1");
        }
        return (int) number;
    }

    private long integer() throws FileFormatException {
        skipSpace();
        int start = position;
        String digits = word();
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw error(start, "expected a whole number, found " + quote(digits), e);
        }
    }

    private String string() throws FileFormatException {
        expect('"');
        int start = position;
        StringBuilder name = new StringBuilder();
        while (position < text.length() && text.charAt(position) != '"') {
            char c = text.charAt(position++);
            if (c == '\n') {
                break;
            }
            if (c == '\\' && position < text.length()) {
                c = text.charAt(position++);
                if (c == 'u') {
                    c = codeUnit(start);
                }
            }
            name.append(c);
        }
        if (!skip('"')) {
            throw error(start, "a name without its closing quotation mark");
        }
        return name.toString();
    }

    private char codeUnit(int start) throws FileFormatException {
        int end = Math.min(position + 4, text.length());
        String digits = text.substring(position, end);
        position = end;
        try {
            return (char) Integer.parseUnsignedInt(digits, 16);
        } catch (NumberFormatException e) {
            throw error(start, "an escape that lacks its four hex digits", e);
        }
    }

    /** Letters, digits, and what numbers have beside them. */
    private String word() throws FileFormatException {
        skipSpace();
        int start = position;
        while (position < text.length() && isWord(text.charAt(position))) {
            position++;
        }
        if (position == start) {
            String found =
                    position < text.length()
                            ? "found " + quote("" + text.charAt(position))
                            : "the text ends";
            throw error(start, "expected a word, " + found);
        }
        return text.substring(start, position);
    }

    private static boolean isWord(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '_'
                || c == '-'
                || c == '+'
                || c == '.';
    }

    private void expect(char wanted) throws FileFormatException {
        if (!skip(wanted)) {
            String found =
                    position < text.length()
                            ? "found " + quote("" + text.charAt(position))
                            : "the text ends";
            throw error(position, "expected '" + wanted + "', " + found);
        }
    }

    private boolean skip(char wanted) {
        skipSpace();
        if (position < text.length() && text.charAt(position) == wanted) {
            position++;
            return true;
        }
        return false;
    }

    private boolean atEnd(boolean isBody) throws FileFormatException {
        skipSpace();
        if (isBody) {
            if (position >= text.length()) {
                throw error(position, "the text ends within the body of a loop");
            }
            return skip('}');
        }
        return position >= text.length();
    }

    private void skipSpace() {
        while (position < text.length() && " \n\r\t".indexOf(text.charAt(position)) >= 0) {
            position++;
        }
    }

    private FileFormatException error(int at, String problem) {
        return new FileFormatException(file, where(at) + problem);
    }

    private FileFormatException error(int at, @Nullable String problem, Throwable cause) {
        return new FileFormatException(file, where(at) + problem, cause);
    }

    private String where(int at) {
        int line = 1;
        for (int i = 0; i < at && i < text.length(); i++) {
            line += text.charAt(i) == '\n' ? 1 : 0;
        }
        return "line " + line + ": ";
    }
}
