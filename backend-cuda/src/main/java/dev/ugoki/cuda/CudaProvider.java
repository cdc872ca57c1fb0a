package dev.ugoki.cuda;

import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.cuda.emulated.HostCompiler;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;

import java.util.Optional;

/**
 * Offers CUDA devices, or, where the property {@code ugoki.cuda} is {@code emulated}, one emulated
 * device, which is never a default.
 */
public final class CudaProvider implements BackendProvider {
    /** The kind of device. */
    public static final String KIND = "cuda";

    /** For {@link java.util.ServiceLoader}. */
    public CudaProvider() {}

    private static boolean isEmulated() {
        return "emulated".equals(System.getProperty("ugoki.cuda"));
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public int priority() {
        return isEmulated() ? -1 : 200;
    }

    @Override
    public Optional<String> unusableBecause() {
        return isEmulated() ? HostCompiler.missing() : Optional.of("not written yet");
    }

    @Override
    public int deviceCount() {
        return 1;
    }

    @Override
    public Backend open(int index) {
        EmulatedDriver.prepare(CudaBackend.batches());
        EmulatedDriver driver = new EmulatedDriver(EmulatedDriver.Settings.ofProperties());
        return new CudaBackend(new Device(KIND, index), driver, driver.memoryBytes());
    }
}
