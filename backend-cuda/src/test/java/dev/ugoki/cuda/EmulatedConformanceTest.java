package dev.ugoki.cuda;

import dev.ugoki.cuda.emulated.HostCompiler;
import dev.ugoki.tck.BackendConformanceTest;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

/** The backend passes the conformance kit on the emulated device. */
final class EmulatedConformanceTest extends BackendConformanceTest {
    @BeforeAll
    static void requireCompiler() {
        HostCompiler.missing()
                .ifPresent(reason -> Assumptions.abort("the kit is skipped: " + reason));
    }

    @Override
    protected Device device() {
        return new Device(CudaProvider.KIND, 0);
    }
}
