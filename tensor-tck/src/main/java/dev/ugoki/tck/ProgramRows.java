package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import java.util.List;
import java.util.Set;

/** Rows of what the engine runs by other operations: copies between devices, and loops. */
final class ProgramRows {
    private static final Shape SHAPE = Shape.of(2, 3);

    private ProgramRows() {}

    static List<Row> all() {
        return List.of(
                Row.of(
                                "copyTo",
                                new Prim.CopyTo(RowCheck.REFERENCE),
                                Row.ALL,
                                Tolerance.BITS,
                                Operand.of(Values.whole(-100, 100), 2, 3))
                        .withGradient(),
                Row.of(
                        "copyTo of nothing",
                        new Prim.CopyTo(RowCheck.REFERENCE),
                        Row.ALL,
                        Tolerance.BITS,
                        Operand.of(Values.whole(-100, 100), 0, 3)),
                loop("loop", 3).withGradient(),
                loop("loop of no steps", 0).withGradient());
    }

    private static Row loop(String name, long steps) {
        Operand operand = Operand.of(Values.between(0.5, 1.5), SHAPE.toArray());
        return new Row(
                name,
                dtype -> loop(dtype, steps),
                List.of(operand, operand, operand),
                Set.of(DType.F64, DType.F32, DType.I32),
                Tolerance.ulps(4),
                0);
    }

    /** Two carried values and one that stays: {@code a, b <- a * c + step, a - b}. */
    private static Op loop(DType dtype, long steps) {
        TensorType type = new TensorType(dtype, SHAPE);
        Graph.Program body =
                in -> {
                    Tensor step = in[0].cast(dtype);
                    return new Tensor[] {in[1].mul(in[3]).add(step), in[1].sub(in[2])};
                };
        TensorType counter = new TensorType(DType.I64, Shape.SCALAR);
        return new Prim.Loop(Graph.trace(body, counter, type, type, type), steps);
    }
}
