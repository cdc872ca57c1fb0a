package dev.ugoki.tck;

import dev.ugoki.tensor.Device;

/** The reference backend agrees with itself in every layout, traced and untraced. */
final class ReferenceConformanceTest extends BackendConformanceTest {
    @Override
    protected Device device() {
        return RowCheck.REFERENCE;
    }
}
