package dev.ugoki.tck;

import java.util.ArrayList;
import java.util.List;

/** The rows of all primitives: each record, each kind, each edge of its definition. */
public final class PrimitiveRows {
    private PrimitiveRows() {}

    /** All of them; names are unique. */
    public static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        rows.addAll(CreationRows.all());
        rows.addAll(UnaryRows.all());
        rows.addAll(BinaryRows.all());
        rows.addAll(ChoiceRows.all());
        rows.addAll(LayoutRows.all());
        rows.addAll(ReductionRows.all());
        rows.addAll(IndexRows.all());
        rows.addAll(ProductRows.all());
        rows.addAll(LinearAlgebraRows.all());
        rows.addAll(ProgramRows.all());
        return List.copyOf(rows);
    }
}
