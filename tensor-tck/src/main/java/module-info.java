/** The reference backend, and the kit that the maker of a backend tests it with. */
module dev.ugoki.tck {
    requires transitive dev.ugoki.autograd;
    requires transitive dev.ugoki.tensor;
    requires static transitive org.jspecify;

    exports dev.ugoki.tck.reference;

    provides dev.ugoki.tensor.spi.BackendProvider with
            dev.ugoki.tck.reference.ReferenceProvider;
}
