/** The backend for CPUs. Users never call it: it is found as a service. */
module dev.ugoki.cpu {
    requires dev.ugoki.tensor;
    requires jdk.incubator.vector;
    requires static transitive org.jspecify;
}
