package dev.ugoki.cuda;

import dev.ugoki.tck.BackendConformanceTest;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.BeforeAll;

/**
 * The backend passes the conformance kit: in the build on the emulated device, and from the bundle
 * on a GPU.
 */
final class CudaConformanceTest extends BackendConformanceTest {
    @BeforeAll
    static void requireDevice() {
        Devices.require();
    }

    @Override
    protected Device device() {
        return new Device(CudaProvider.KIND, 0);
    }
}
