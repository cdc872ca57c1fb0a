package dev.ugoki.tck.reference;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;

import java.util.Optional;

/**
 * Offers the reference backend as device {@code reference}. It is never a default: name it, as in
 * {@code -Dugoki.device=reference}.
 */
public final class ReferenceProvider implements BackendProvider {
    /** The kind of device. */
    public static final String KIND = "reference";

    /** For {@link java.util.ServiceLoader}. */
    public ReferenceProvider() {}

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public int priority() {
        return -1;
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
        return new ReferenceBackend(new Device(KIND, index));
    }
}
