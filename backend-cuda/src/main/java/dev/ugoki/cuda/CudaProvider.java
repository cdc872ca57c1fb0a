package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.Driver;
import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.cuda.emulated.HostCompiler;
import dev.ugoki.cuda.nvidia.CudaLibraries;
import dev.ugoki.cuda.nvidia.NvidiaDriver;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;

import java.util.Optional;

/**
 * Offers CUDA devices, or, where the property {@code ugoki.cuda} is {@code emulated}, one emulated
 * device, which is never a default. Where there is a usable GPU it is the default device.
 */
public final class CudaProvider implements BackendProvider {
    /** The kind of device. */
    public static final String KIND = "cuda";

    /**
     * The second one does all that a GPU may do otherwise: work that waits, threads and streams in
     * any order, and no libraries.
     */
    private static final int EMULATED_DEVICES = 2;

    /** Of the device's memory, what tensors may take; the libraries need some, too. */
    private static final double SHARE = 0.9;

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
        return isEmulated()
                ? HostCompiler.missing()
                : CudaLibraries.ofThisMachine().unusableBecause();
    }

    @Override
    public int deviceCount() {
        return isEmulated() ? EMULATED_DEVICES : CudaLibraries.ofThisMachine().deviceCount();
    }

    @Override
    public Backend open(int index) {
        Device device = new Device(KIND, index);
        if (isEmulated()) {
            EmulatedDriver.prepare(CudaBackend.batches());
            EmulatedDriver.Settings settings = EmulatedDriver.Settings.ofProperties();
            EmulatedDriver driver = new EmulatedDriver(index == 0 ? settings : settings.shuffled());
            return new CudaBackend(device, driver, driver.memoryBytes());
        }
        Driver driver = NvidiaDriver.open(index);
        long budget = Long.getLong("ugoki.memory", (long) (SHARE * driver.memoryBytes()));
        return new CudaBackend(device, driver, budget);
    }
}
