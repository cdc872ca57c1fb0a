package dev.ugoki.tck.sample;

import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;

import java.util.Optional;

/** Offers the device {@code sample}; named in META-INF/services. */
public final class SampleProvider implements BackendProvider {
    @Override
    public String kind() {
        return "sample";
    }

    @Override
    public int priority() {
        return -1; // never a default: ask for it by name
    }

    @Override
    public Optional<String> unusableBecause() {
        return Optional.empty(); // or what was searched for, where, and what to do
    }

    @Override
    public int deviceCount() {
        return 1;
    }

    @Override
    public Backend open(int index) {
        return new SampleBackend();
    }
}
