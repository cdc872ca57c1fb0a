package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.TypeRules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleReader;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Which operations a list of rows covers: every record, and of a record with a kind, mode, dtype or
 * flag every value of it; and which of them have their gradients checked.
 *
 * <p>Primitives are those that {@link Prim} permits. Composites are found by looking through all
 * classes of a module, so that a new one cannot be forgotten.
 */
public final class Coverage {
    private Coverage() {}

    /** The primitives. */
    public static List<Class<?>> primitives() {
        return List.of(Prim.class.getPermittedSubclasses());
    }

    /**
     * The composites among the classes that came from the same module, folder or jar as {@code
     * neighbour}, in the order of their names.
     *
     * @throws UncheckedIOException if the classes cannot be listed
     */
    public static List<Class<?>> compositesBeside(Class<?> neighbour) {
        Map<String, Class<?>> found = new TreeMap<>();
        for (String resource : resourcesBeside(neighbour)) {
            if (resource.endsWith(".class") && !resource.endsWith("-info.class")) {
                String name = resource.substring(0, resource.length() - ".class".length());
                Class<?> type = load(name.replace('/', '.'), neighbour.getClassLoader());
                if (Composite.class.isAssignableFrom(type)
                        && !Modifier.isAbstract(type.getModifiers())) {
                    found.put(name, type);
                }
            }
        }
        return List.copyOf(found.values());
    }

    private static Class<?> load(String name, ClassLoader loader) {
        try {
            return Class.forName(name, false, loader);
        } catch (ClassNotFoundException | LinkageError e) {
            throw new IllegalStateException(name + " is there, but cannot be loaded", e);
        }
    }

    /** Paths such as {@code dev/ugoki/tensor/op/Prim.class}. */
    private static List<String> resourcesBeside(Class<?> neighbour) {
        try {
            return neighbour.getModule().isNamed()
                    ? resourcesOfModule(neighbour)
                    : resourcesOf(
                            neighbour.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (IOException e) {
            throw new UncheckedIOException("the classes beside " + neighbour, e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the classes beside " + neighbour, e);
        }
    }

    private static List<String> resourcesOfModule(Class<?> member) throws IOException {
        Module module = member.getModule();
        try (ModuleReader reader =
                        module.getLayer()
                                .configuration()
                                .findModule(module.getName())
                                .orElseThrow()
                                .reference()
                                .open();
                Stream<String> resources = reader.list()) {
            return resources.toList();
        }
    }

    private static List<String> resourcesOf(URI location) throws IOException {
        Path path = Path.of(location);
        if (Files.isDirectory(path)) {
            return filesUnder(path);
        }
        try (FileSystem jar = FileSystems.newFileSystem(path)) {
            return filesUnder(jar.getPath("/"));
        }
    }

    private static List<String> filesUnder(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString().replace('\\', '/'))
                    .toList();
        }
    }

    /**
     * What of {@code operations} no row covers, such as {@code Select} or {@code Unary kind ERF};
     * empty if all is.
     *
     * @param operations classes of operations; of a record every value of its components that are
     *     enums or flags is wanted
     */
    public static Set<String> missing(Collection<Class<?>> operations, Collection<Row> rows) {
        Set<String> missing = new LinkedHashSet<>();
        operations.forEach(operation -> missing.addAll(wanted(operation)));
        for (Row row : rows) {
            row.dtypes().forEach(dtype -> missing.removeAll(labels(row.op().apply(dtype))));
        }
        return missing;
    }

    /**
     * What is computed in F64 from floating operands and gives floating results, but is not
     * differentiated {@code times} times by any row: kinds and modes, as in {@link #missing}.
     */
    public static Set<String> notDifferentiated(Collection<Row> rows, int times) {
        Set<String> missing = new LinkedHashSet<>();
        for (Row row : rows) {
            if (isDifferentiable(row)) {
                missing.addAll(kinds(row.op().apply(DType.F64)));
            }
        }
        for (Row row : rows) {
            if (row.derivatives() >= times) {
                missing.removeAll(kinds(row.op().apply(DType.F64)));
            }
        }
        return missing;
    }

    private static boolean isDifferentiable(Row row) {
        if (!row.dtypes().contains(DType.F64)) {
            return false;
        }
        TensorType[] operands = RowCheck.types(row, DType.F64);
        return anyFloating(operands)
                && anyFloating(TypeRules.infer(row.op().apply(DType.F64), operands));
    }

    private static boolean anyFloating(TensorType[] types) {
        return Arrays.stream(types).anyMatch(type -> type.dtype().isFloating());
    }

    private static List<String> wanted(Class<?> operation) {
        List<String> wanted = new ArrayList<>();
        if (operation.isRecord()) {
            for (RecordComponent component : operation.getRecordComponents()) {
                for (Object value : valuesOf(component.getType())) {
                    wanted.add(label(operation, component, value));
                }
            }
        }
        return wanted.isEmpty() ? List.of(name(operation)) : wanted;
    }

    /** The operation's name, and the same with each component's value. */
    private static List<String> labels(Op op) {
        List<String> labels = new ArrayList<>();
        labels.add(name(op.getClass()));
        if (op.getClass().isRecord()) {
            for (RecordComponent component : op.getClass().getRecordComponents()) {
                labels.add(label(op.getClass(), component, valueOf(component, op)));
            }
        }
        return labels;
    }

    /** The operation's name with each kind and mode, or else alone. */
    private static List<String> kinds(Op op) {
        List<String> kinds = new ArrayList<>();
        if (op.getClass().isRecord()) {
            for (RecordComponent component : op.getClass().getRecordComponents()) {
                if (component.getType().isEnum() && component.getType() != DType.class) {
                    kinds.add(label(op.getClass(), component, valueOf(component, op)));
                }
            }
        }
        return kinds.isEmpty() ? List.of(name(op.getClass())) : kinds;
    }

    private static List<?> valuesOf(Class<?> type) {
        if (type.isEnum()) {
            return List.of(type.getEnumConstants());
        }
        return type == boolean.class ? List.of(false, true) : List.of();
    }

    private static Object valueOf(RecordComponent component, Op op) {
        try {
            // A record may be hidden in its package; its components are still its meaning.
            component.getAccessor().trySetAccessible();
            return component.getAccessor().invoke(op);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component + " of " + op, e);
        }
    }

    private static String label(Class<?> operation, RecordComponent component, Object value) {
        return name(operation) + " " + component.getName() + " " + value;
    }

    /** {@code Select} for a primitive, {@code Pooling.MaxPool} for a composite inside another. */
    private static String name(Class<?> operation) {
        Class<?> around = operation.getEnclosingClass();
        return around == null || around == Prim.class
                ? operation.getSimpleName()
                : around.getSimpleName() + "." + operation.getSimpleName();
    }
}
