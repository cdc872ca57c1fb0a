package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.nn.optim.RmsPropRow;
import dev.ugoki.tck.Coverage;
import dev.ugoki.tck.Row;
import dev.ugoki.tck.RowCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

/** Operations that this module adds are run as the kit runs the library's others. */
final class CompositesTest {
    private static final List<Row> ROWS = List.of(RmsPropRow.ROW);

    @Test
    void everyOperationOfThisModuleHasARow() {
        assertEquals(Set.of(), Coverage.missing(Coverage.compositesBeside(Module.class), ROWS));
    }

    @Test
    void theyComputeAsTheReferenceDoes() {
        RowCheck check = new RowCheck(Device.cpu());
        for (Row row : ROWS) {
            for (DType dtype : row.dtypes()) {
                assertEquals(List.of(), check.failures(row, dtype), () -> row + " in " + dtype);
            }
        }
    }
}
