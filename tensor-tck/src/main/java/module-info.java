/** The reference backend, and the kit that the maker of a backend tests it with. */
module dev.ugoki.tck {
    requires transitive com.fasterxml.jackson.databind;
    requires transitive dev.ugoki.autograd;
    requires transitive dev.ugoki.tensor;
    requires jdk.management;
    requires static transitive org.jspecify;
    requires transitive org.junit.jupiter.api;

    exports dev.ugoki.tck;
    exports dev.ugoki.tck.conformance;
    exports dev.ugoki.tck.fuzz;
    exports dev.ugoki.tck.reference;

    provides dev.ugoki.tensor.spi.BackendProvider with
            dev.ugoki.tck.reference.ReferenceProvider;
}
