package dev.ugoki.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

final class CoverageTest {
    private static final List<Row> ROWS = PrimitiveRows.all();

    @Test
    void everyPrimitiveAndKindHasARow() {
        assertEquals(Set.of(), Coverage.missing(Prim.class, ROWS));
    }

    @Test
    void aPrimitiveWithoutARowIsMissed() {
        List<Row> less = without(row -> row instanceof Prim.Select);

        assertEquals(Set.of("Select"), Coverage.missing(Prim.class, less));
    }

    @Test
    void aKindWithoutARowIsMissed() {
        List<Row> less = without(new Prim.Unary(Prim.Unary.Kind.ERF)::equals);

        assertEquals(Set.of("Unary kind ERF"), Coverage.missing(Prim.class, less));
    }

    @Test
    void aFlagThatIsNeverSetIsMissed() {
        List<Row> less = without(op -> op instanceof Prim.ArgSort sort && sort.descending());

        assertEquals(Set.of("ArgSort descending true"), Coverage.missing(Prim.class, less));
    }

    @Test
    void withoutRowsEveryRecordIsMissed() {
        Set<String> missing = Coverage.missing(Prim.class, List.of());

        for (Class<?> primitive : Prim.class.getPermittedSubclasses()) {
            assertFalse(
                    missing.stream().noneMatch(name -> name.startsWith(primitive.getSimpleName())),
                    primitive::getSimpleName);
        }
    }

    @Test
    void everyCompositeOfTheLibraryHasARow() {
        List<Row> rows = CompositeRows.all();

        for (Class<?> family :
                List.of(
                        Activation.class,
                        Likelihood.class,
                        Normalization.class,
                        OptimizerStep.class,
                        Pooling.class)) {
            assertEquals(Set.of(), Coverage.missing(family, rows));
        }
        Set<String> notDrawn = new HashSet<>();
        for (DType dtype : Row.NOT_FLOATING) {
            notDrawn.add("RandomUniform dtype " + dtype);
            notDrawn.add("RandomNormal dtype " + dtype);
        }
        assertEquals(notDrawn, Coverage.missing(RandomDraw.class, rows));
    }

    @Test
    void namesOfRowsAreUnique() {
        Set<String> names = new HashSet<>();
        List<Row> all = new ArrayList<>(ROWS);
        all.addAll(CompositeRows.all());
        all.forEach(row -> assertFalse(!names.add(row.name()), row::name));
    }

    private static List<Row> without(
            java.util.function.Predicate<dev.ugoki.tensor.op.Op> operation) {
        return ROWS.stream()
                .filter(
                        row ->
                                row.dtypes().stream()
                                        .noneMatch(dtype -> operation.test(row.op().apply(dtype))))
                .toList();
    }
}
