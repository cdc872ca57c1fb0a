package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelInterpreter;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/**
 * Prints a hash of the outputs of every sample kernel, generated and interpreted: what two virtual
 * machines must agree on.
 */
final class BitsOfAllKernels {
    private static final long ROWS = 3;
    private static final long COLUMNS = 37;

    private BitsOfAllKernels() {}

    public static void main(String[] arguments) {
        System.out.print(hashes());
    }

    static String hashes() {
        StringBuilder text = new StringBuilder();
        SampleKernels.all()
                .forEach(
                        (name, kernel) ->
                                text.append(name)
                                        .append(' ')
                                        .append(hash(kernel, true))
                                        .append(' ')
                                        .append(hash(kernel, false))
                                        .append('\n'));
        return text.toString();
    }

    private static int hash(Kernel kernel, boolean generated) {
        try (Arena arena = Arena.ofConfined()) {
            TestOperands operands = TestOperands.allocate(kernel, ROWS, COLUMNS, arena);
            operands.fillInputs(11);
            if (generated) {
                KernelClass.define(kernel, LoopShape.WITH_TAIL, VectorWidth.PREFERRED)
                        .run(
                                operands.table(),
                                0,
                                ROWS,
                                COLUMNS,
                                TestOperands.scratch(kernel, VectorWidth.PREFERRED, arena));
            } else {
                new KernelInterpreter(kernel).run(Memory.ALL, operands.table(), 0, ROWS, COLUMNS);
            }
            List<float[]> outputs = operands.outputs();
            return outputs.stream().mapToInt(Arrays::hashCode).reduce(1, (h, i) -> 31 * h + i);
        }
    }
}
