package dev.ugoki.cuda;

import dev.ugoki.tck.BackendConformanceTest;
import dev.ugoki.tck.Row;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.BeforeAll;

import java.util.List;

/**
 * The kernels in which threads work together, and those that serve where there are no libraries,
 * with blocks and threads in a drawn order, and work that runs only when it is waited for.
 */
final class ShuffledConformanceTest extends BackendConformanceTest {
    private static final List<String> TOGETHER =
            List.of(
                    "reduce ",
                    "scan ",
                    "argReduce",
                    "argSort",
                    "matMul",
                    "conv",
                    "softmax",
                    "logSoftmax",
                    "layerNorm",
                    "crossEntropy",
                    "attention",
                    "causal attention",
                    "adam",
                    "scatter",
                    "gather");

    @BeforeAll
    static void requireDevice() {
        Devices.requireEmulated();
    }

    @Override
    protected Device device() {
        return new Device(CudaProvider.KIND, 1);
    }

    @Override
    protected List<Row> rows() {
        return super.rows().stream()
                .filter(row -> TOGETHER.stream().anyMatch(row.name()::startsWith))
                .map(
                        row ->
                                new Row(
                                        row.name(),
                                        row.op(),
                                        row.operands(),
                                        row.dtypes(),
                                        row.tolerance(),
                                        0))
                .toList();
    }
}
