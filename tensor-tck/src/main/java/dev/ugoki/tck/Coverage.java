package dev.ugoki.tck;

import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which operations of a sealed family a list of rows covers: every record that {@link Prim}, or
 * another sealed interface, permits, and of a record with a kind, mode, dtype or flag every value
 * of it.
 */
public final class Coverage {
    private Coverage() {}

    /**
     * What of {@code family} no row covers, such as {@code Select} or {@code Unary kind ERF}; empty
     * if all is.
     *
     * @param family a sealed interface whose implementations are records
     */
    public static Set<String> missing(Class<?> family, Collection<Row> rows) {
        Set<String> missing = new LinkedHashSet<>();
        for (Class<?> record : family.getPermittedSubclasses()) {
            missing.addAll(wanted(record));
        }
        for (Row row : rows) {
            row.dtypes().forEach(dtype -> missing.removeAll(covered(row.op().apply(dtype))));
        }
        return missing;
    }

    private static List<String> wanted(Class<?> record) {
        List<String> wanted = new ArrayList<>();
        for (RecordComponent component : record.getRecordComponents()) {
            for (Object value : valuesOf(component.getType())) {
                wanted.add(label(record, component, value));
            }
        }
        return wanted.isEmpty() ? List.of(record.getSimpleName()) : wanted;
    }

    private static List<String> covered(Op op) {
        List<String> covered = new ArrayList<>();
        if (op.getClass().isRecord()) {
            covered.add(op.getClass().getSimpleName());
            for (RecordComponent component : op.getClass().getRecordComponents()) {
                covered.add(label(op.getClass(), component, valueOf(component, op)));
            }
        }
        return covered;
    }

    private static List<?> valuesOf(Class<?> type) {
        if (type.isEnum()) {
            return List.of(type.getEnumConstants());
        }
        return type == boolean.class ? List.of(false, true) : List.of();
    }

    private static Object valueOf(RecordComponent component, Op op) {
        try {
            return component.getAccessor().invoke(op);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component + " of " + op, e);
        }
    }

    private static String label(Class<?> record, RecordComponent component, Object value) {
        return record.getSimpleName() + " " + component.getName() + " " + value;
    }
}
