package dev.ugoki.examples.bits;

import dev.ugoki.tck.CompositeRows;
import dev.ugoki.tck.PrimitiveRows;
import dev.ugoki.tck.Row;
import dev.ugoki.tck.RowCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Op;

import java.util.ArrayList;
import java.util.List;

/** The rows of the conformance kit, in each of their dtypes, with gradients where they have one. */
final class KitRows {
    private KitRows() {}

    static List<BitRow> all() {
        List<Row> kit = new ArrayList<>(PrimitiveRows.all());
        kit.addAll(CompositeRows.all());
        List<BitRow> rows = new ArrayList<>();
        for (Row row : kit) {
            for (DType dtype : row.dtypes().stream().sorted().toList()) {
                rows.add(new BitRow(row.name() + " in " + dtype, () -> compute(row, dtype)));
            }
        }
        return rows;
    }

    private static List<Tensor> compute(Row row, DType dtype) {
        Op op = row.op().apply(dtype);
        List<Tensor> operands = RowCheck.makeOperands(row, dtype);
        return dtype.isFloating() && row.derivatives() > 0
                ? BitRow.withGradients(in -> Engine.apply(op, in), operands)
                : List.of(Engine.apply(op, operands.toArray(Tensor[]::new)));
    }
}
