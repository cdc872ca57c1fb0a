package dev.ugoki.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Clamp;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

final class CoverageTest {
    private static final List<Row> ROWS = PrimitiveRows.all();

    @Test
    void everyPrimitiveAndKindHasARow() {
        assertEquals(Set.of(), Coverage.missing(Coverage.primitives(), ROWS));
    }

    @Test
    void aPrimitiveWithoutARowIsMissed() {
        List<Row> less = without(row -> row instanceof Prim.Select);

        assertEquals(Set.of("Select"), Coverage.missing(Coverage.primitives(), less));
    }

    @Test
    void aKindWithoutARowIsMissed() {
        List<Row> less = without(new Prim.Unary(Prim.Unary.Kind.ERF)::equals);

        assertEquals(Set.of("Unary kind ERF"), Coverage.missing(Coverage.primitives(), less));
    }

    @Test
    void aFlagThatIsNeverSetIsMissed() {
        List<Row> less = without(op -> op instanceof Prim.ArgSort sort && sort.descending());

        assertEquals(
                Set.of("ArgSort descending true"), Coverage.missing(Coverage.primitives(), less));
    }

    @Test
    void withoutRowsEveryRecordIsMissed() {
        Set<String> missing = Coverage.missing(Coverage.primitives(), List.of());

        for (Class<?> primitive : Prim.class.getPermittedSubclasses()) {
            assertFalse(
                    missing.stream().noneMatch(name -> name.startsWith(primitive.getSimpleName())),
                    primitive::getSimpleName);
        }
    }

    @Test
    void everyCompositeOfTheLibraryHasARow() {
        Set<String> missing = Coverage.missing(composites(), CompositeRows.all());

        for (DType dtype : Row.NOT_FLOATING) {
            assertTrue(missing.remove("RandomDraw.RandomUniform dtype " + dtype));
            assertTrue(missing.remove("RandomDraw.RandomNormal dtype " + dtype));
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    void compositesAreFoundWhereverTheyStand() {
        assertTrue(composites().contains(Clamp.class));
        assertTrue(composites().contains(Activation.Gradient.class));
        assertTrue(composites().contains(Pooling.MaxPool.class));
    }

    @Test
    void aCompositeWithoutARowIsMissed() {
        List<Row> less = without(op -> op instanceof Clamp, CompositeRows.all());

        assertTrue(Coverage.missing(composites(), less).contains("Clamp"));
    }

    /** A composite that nobody has made a row for: what the scan is there to find. */
    private record Forgotten() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            return operands;
        }
    }

    @Test
    void aNewCompositeIsFound() {
        List<Class<?>> ofTests = Coverage.compositesBeside(CoverageTest.class);

        assertTrue(ofTests.contains(Forgotten.class));
        assertTrue(
                Coverage.missing(ofTests, CompositeRows.all()).contains("CoverageTest.Forgotten"));
    }

    @Test
    void compositesAreFoundInJars(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("some.jar");
        String name = Forgotten.class.getName().replace('.', '/') + ".class";
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file));
                InputStream code = CoverageTest.class.getResourceAsStream("/" + name)) {
            jar.putNextEntry(new JarEntry(name));
            Objects.requireNonNull(code).transferTo(jar);
        }
        ClassLoader parent = CoverageTest.class.getClassLoader();
        try (URLClassLoader loader = new ChildFirst(file.toUri().toURL(), parent)) {
            Class<?> inJar = loader.loadClass(Forgotten.class.getName());

            assertEquals(List.of(inJar), Coverage.compositesBeside(inJar));
        }
    }

    /** Loads what its jar has from there. */
    private static final class ChildFirst extends URLClassLoader {
        ChildFirst(URL jar, ClassLoader parent) {
            super(new URL[] {jar}, parent);
        }

        @Override
        public Class<?> loadClass(String name) throws ClassNotFoundException {
            Class<?> loaded = findLoadedClass(name);
            boolean own = name.equals(Forgotten.class.getName());
            return loaded != null ? loaded : own ? findClass(name) : super.loadClass(name);
        }
    }

    /** Operations with floating operands and results that have no gradient, and why. */
    private static final Map<String, String> WITHOUT_GRADIENT =
            Map.of(
                    "Overwrite", "it only runs in place, where no gradient is followed",
                    "StopGradient", "it has none, by definition");

    @Test
    void everyDifferentiableOperationHasItsGradientsChecked() {
        assertEquals(WITHOUT_GRADIENT.keySet(), Coverage.notDifferentiated(allRows(), 1));
        assertEquals(WITHOUT_GRADIENT.keySet(), Coverage.notDifferentiated(allRows(), 2));
    }

    @Test
    void anOperationWhoseGradientNobodyChecksIsMissed() {
        List<Row> less = new ArrayList<>();
        for (Row row : allRows()) {
            boolean tanh = row.op().apply(DType.F64).equals(new Prim.Unary(Prim.Unary.Kind.TANH));
            less.add(
                    tanh
                            ? new Row(
                                    row.name(),
                                    row.op(),
                                    row.operands(),
                                    row.dtypes(),
                                    row.tolerance(),
                                    1)
                            : row);
        }

        assertTrue(Coverage.notDifferentiated(less, 2).contains("Unary kind TANH"));
        assertFalse(Coverage.notDifferentiated(less, 1).contains("Unary kind TANH"));
    }

    @Test
    void namesOfRowsAreUnique() {
        Set<String> names = new HashSet<>();
        allRows().forEach(row -> assertFalse(!names.add(row.name()), row::name));
    }

    private static List<Class<?>> composites() {
        return Coverage.compositesBeside(Composite.class);
    }

    private static List<Row> allRows() {
        List<Row> all = new ArrayList<>(ROWS);
        all.addAll(CompositeRows.all());
        return all;
    }

    private static List<Row> without(Predicate<Op> operation) {
        return without(operation, ROWS);
    }

    private static List<Row> without(Predicate<Op> operation, List<Row> rows) {
        return rows.stream()
                .filter(
                        row ->
                                row.dtypes().stream()
                                        .noneMatch(dtype -> operation.test(row.op().apply(dtype))))
                .toList();
    }
}
