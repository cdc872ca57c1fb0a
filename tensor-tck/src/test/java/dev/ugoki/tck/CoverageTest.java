package dev.ugoki.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

final class CoverageTest {
    private static final List<Row> ROWS = PrimitiveRows.all();

    @Test
    void everyPrimitiveAndKindHasARow() {
        assertEquals(Set.of(), Coverage.missing(ROWS));
    }

    @Test
    void aPrimitiveWithoutARowIsMissed() {
        List<Row> less = without(row -> row instanceof Prim.Select);

        assertEquals(Set.of("Select"), Coverage.missing(less));
    }

    @Test
    void aKindWithoutARowIsMissed() {
        List<Row> less = without(new Prim.Unary(Prim.Unary.Kind.ERF)::equals);

        assertEquals(Set.of("Unary kind ERF"), Coverage.missing(less));
    }

    @Test
    void aFlagThatIsNeverSetIsMissed() {
        List<Row> less = without(op -> op instanceof Prim.ArgSort sort && sort.descending());

        assertEquals(Set.of("ArgSort descending true"), Coverage.missing(less));
    }

    @Test
    void withoutRowsEveryRecordIsMissed() {
        Set<String> missing = Coverage.missing(List.of());

        for (Class<?> primitive : Prim.class.getPermittedSubclasses()) {
            assertFalse(
                    missing.stream().noneMatch(name -> name.startsWith(primitive.getSimpleName())),
                    primitive::getSimpleName);
        }
    }

    @Test
    void namesOfRowsAreUnique() {
        Set<String> names = new HashSet<>();
        ROWS.forEach(row -> assertFalse(!names.add(row.name()), row::name));
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
