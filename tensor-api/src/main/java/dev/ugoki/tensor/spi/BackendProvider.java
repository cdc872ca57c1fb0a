package dev.ugoki.tensor.spi;

import java.util.Optional;

/** Found by {@link java.util.ServiceLoader}: makes the backends of one kind. */
public interface BackendProvider {
    /** The kind of device, as in {@link dev.ugoki.tensor.Device#kind()}. */
    String kind();

    /** The usable provider of the highest priority is the default; negative ones never are. */
    int priority();

    /** Why this cannot be used here, with what was searched, where, and the fix; or empty. */
    Optional<String> unusableBecause();

    /** How many devices there are; 0 where unusable. */
    int deviceCount();

    /** The backend of device {@code index}; called once for each. */
    Backend open(int index);
}
