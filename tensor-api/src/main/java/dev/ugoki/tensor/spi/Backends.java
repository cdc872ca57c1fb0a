package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.Device;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;

/** The backends on the module or class path. */
public final class Backends {
    private static final List<BackendProvider> PROVIDERS = loadProviders();
    private static final ConcurrentHashMap<Device, Backend> OPEN = new ConcurrentHashMap<>();

    private Backends() {}

    private static List<BackendProvider> loadProviders() {
        List<BackendProvider> found = new ArrayList<>();
        ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader())
                .forEach(found::add);
        found.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
        return List.copyOf(found);
    }

    /** All providers, the highest priority first, usable or not. */
    public static List<BackendProvider> providers() {
        return PROVIDERS;
    }

    /**
     * The backend of {@code device}.
     *
     * @throws IllegalStateException if there is none, saying why
     */
    public static Backend forDevice(Device device) {
        Backend backend = OPEN.get(device);
        return backend != null ? backend : OPEN.computeIfAbsent(device, Backends::open);
    }

    private static Backend open(Device device) {
        for (BackendProvider provider : PROVIDERS) {
            if (provider.kind().equals(device.kind())) {
                Optional<String> reason = provider.unusableBecause();
                if (reason.isPresent()) {
                    throw new IllegalStateException("device " + device + ": " + reason.get());
                }
                if (device.index() >= provider.deviceCount()) {
                    throw new IllegalStateException(
                            "device "
                                    + device
                                    + ": there are "
                                    + provider.deviceCount()
                                    + " devices of this kind, counted from 0");
                }
                return provider.open(device.index());
            }
        }
        throw new IllegalStateException(
                "device "
                        + device
                        + ": no backend of this kind is on the class path; found: "
                        + PROVIDERS.stream().map(BackendProvider::kind).toList()
                        + "; add the dependency dev.ugoki:ugoki-backend-"
                        + device.kind());
    }

    /** The device that the property {@code ugoki.device} names, or the preferred usable one. */
    public static Device defaultDevice() {
        return Default.DEVICE;
    }

    private static final class Default {
        static final Device DEVICE = choose();

        private static Device choose() {
            String named = System.getProperty("ugoki.device");
            if (named != null) {
                return Device.parse(named);
            }
            List<String> reasons = new ArrayList<>();
            for (BackendProvider provider : PROVIDERS) {
                Optional<String> reason = provider.unusableBecause();
                if (provider.priority() >= 0 && reason.isEmpty()) {
                    return new Device(provider.kind(), 0);
                }
                reasons.add(provider.kind() + ": " + reason.orElse("only by name"));
            }
            throw new IllegalStateException(
                    "no usable backend is on the class path "
                            + reasons
                            + "; add the dependency dev.ugoki:ugoki-backend-cpu");
        }
    }
}
