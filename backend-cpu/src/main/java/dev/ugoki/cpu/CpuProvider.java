package dev.ugoki.cpu;

import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;

import java.util.Optional;

/** Makes the CPU backend: there is one device, and it is always usable. */
public final class CpuProvider implements BackendProvider {
    @Override
    public String kind() {
        return "cpu";
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Optional<String> unusableBecause() {
        return Optional.empty();
    }

    @Override
    public int deviceCount() {
        return 1;
    }

    @Override
    public Backend open(int index) {
        return new CpuBackend();
    }
}
