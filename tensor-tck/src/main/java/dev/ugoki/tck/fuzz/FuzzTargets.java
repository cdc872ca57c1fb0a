package dev.ugoki.tck.fuzz;

import dev.ugoki.tck.CompositeRows;
import dev.ugoki.tck.PrimitiveRows;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.Philox;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Op;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Everything that the library offers to be called: the public methods of its public classes, and
 * the records of its operations. They are found by looking into the library, so that what is added
 * to it is called without further ado.
 */
final class FuzzTargets {
    /** Not operations: they carry them out, bound their lives, or are words of a generator. */
    private static final Set<Class<?>> BESIDES =
            Set.of(Engine.class, Device.class, TensorScope.class, Philox.class, NarrowFloats.class);

    /** Methods for those who interpret operations, which take anything by contract. */
    private static final Set<String> INNER =
            Set.of("withLineage", "wrap", "payload", "lineage", "equals", "hashCode", "valueOf");

    private static final Set<String> INNER_PACKAGES = Set.of("graph", "spi", "io", "kernel");

    private final List<FuzzTarget> targets = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();

    private FuzzTargets() {}

    /** What can be called with arguments that {@link HostileArguments} can draw. */
    static FuzzTargets find() {
        FuzzTargets found = new FuzzTargets();
        for (Class<?> type : publicClasses(Tensor.class)) {
            found.add(type);
        }
        Stream.concat(PrimitiveRows.all().stream(), CompositeRows.all().stream())
                .map(FuzzTarget.OfRow::new)
                .forEach(found.targets::add);
        found.targets.sort(Comparator.comparing(FuzzTarget::label));
        return found;
    }

    /** One of them: half of the time a method, and else a row, or an operation. */
    FuzzTarget pick(SplittableRandom random) {
        int kind = random.nextInt(100);
        while (true) {
            FuzzTarget target = targets.get(random.nextInt(targets.size()));
            boolean wanted =
                    switch (target) {
                        case FuzzTarget.OfMethod _ -> kind < 60;
                        case FuzzTarget.OfRow _ -> kind >= 60 && kind < 85;
                        case FuzzTarget.OfOperation _ -> kind >= 85;
                    };
            if (wanted) {
                return target;
            }
        }
    }

    List<FuzzTarget> all() {
        return targets;
    }

    List<FuzzTarget> methods() {
        return targets.stream().filter(FuzzTarget.OfMethod.class::isInstance).toList();
    }

    /** The labels of what has arguments that cannot be drawn. */
    List<String> skipped() {
        return skipped;
    }

    private void add(Class<?> type) {
        if (Op.class.isAssignableFrom(type) && type.isRecord()) {
            addOperation(type);
        } else if (!type.getPackageName().endsWith(".op")) {
            Arrays.stream(type.getDeclaredMethods())
                    .filter(method -> isOffered(type, method))
                    .map(FuzzTarget.OfMethod::new)
                    .forEach(this::addIfDrawable);
        }
    }

    private static boolean isOffered(Class<?> type, Method method) {
        return Modifier.isPublic(method.getModifiers())
                && !method.isSynthetic()
                && !INNER.contains(method.getName())
                && !(type.isRecord() && method.getParameterCount() == 0)
                && !(type.isEnum() && method.getName().equals("values"));
    }

    private void addOperation(Class<?> type) {
        Constructor<?> canonical =
                Arrays.stream(type.getConstructors())
                        .max(Comparator.comparingInt(Constructor::getParameterCount))
                        .orElseThrow();
        addIfDrawable(new FuzzTarget.OfOperation(canonical, false));
        if (overwrites(type)) {
            addIfDrawable(new FuzzTarget.OfOperation(canonical, true));
        }
    }

    private static boolean overwrites(Class<?> type) {
        try {
            return type.getMethod("overwrites", int.class).getDeclaringClass() != Op.class;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }

    private void addIfDrawable(FuzzTarget target) {
        for (AnnotatedType parameter : target.parameters()) {
            if (!HostileArguments.canDraw(parameter.getType())) {
                skipped.add(target.label() + ": " + parameter.getType().getTypeName());
                return;
            }
        }
        targets.add(target);
    }

    // ---- the library's classes ----

    private static List<Class<?>> publicClasses(Class<?> anchor) {
        try {
            URI place = anchor.getProtectionDomain().getCodeSource().getLocation().toURI();
            Path path = Path.of(place);
            if (Files.isDirectory(path)) {
                return publicClasses(anchor, path);
            }
            try (FileSystem jar = FileSystems.newFileSystem(path)) {
                return publicClasses(anchor, jar.getPath("/"));
            }
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Class<?>> publicClasses(Class<?> anchor, Path root) throws IOException {
        Path folder = root.resolve(anchor.getPackageName().replace('.', '/'));
        List<Class<?>> classes = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files.sorted()::iterator) {
                String name = root.relativize(file).toString().replace('/', '.').replace('\\', '.');
                if (name.endsWith(".class") && !name.endsWith("-info.class")) {
                    Class<?> type = load(anchor, name.substring(0, name.length() - 6));
                    if (isPublic(type) && isOuter(type)) {
                        classes.add(type);
                    }
                }
            }
        }
        return classes;
    }

    private static Class<?> load(Class<?> anchor, String name) {
        try {
            return Class.forName(name, false, anchor.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isPublic(Class<?> type) {
        for (Class<?> each = type; each != null; each = each.getDeclaringClass()) {
            if (!Modifier.isPublic(each.getModifiers()) || each.isAnonymousClass()) {
                return false;
            }
        }
        return true;
    }

    private static boolean isOuter(Class<?> type) {
        String folder = type.getPackageName();
        return !INNER_PACKAGES.contains(folder.substring(folder.lastIndexOf('.') + 1))
                && !BESIDES.contains(type)
                && !Throwable.class.isAssignableFrom(type)
                && !type.isInterface();
    }
}
