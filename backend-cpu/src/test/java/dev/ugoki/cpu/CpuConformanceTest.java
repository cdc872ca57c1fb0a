package dev.ugoki.cpu;

import dev.ugoki.tck.BackendConformanceTest;
import dev.ugoki.tensor.Device;

/** The CPU backend passes the conformance kit. */
final class CpuConformanceTest extends BackendConformanceTest {
    @Override
    protected Device device() {
        return Device.cpu();
    }
}
