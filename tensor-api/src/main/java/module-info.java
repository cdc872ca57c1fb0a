/** Tensors, operations, graphs, files of tensors, and the interface that backends implement. */
module dev.ugoki.tensor {
    requires static transitive org.jspecify;
    requires jdk.jfr;
    requires jdk.management;

    exports dev.ugoki.tensor;
    exports dev.ugoki.tensor.geometry;
    exports dev.ugoki.tensor.graph;
    exports dev.ugoki.tensor.io;
    exports dev.ugoki.tensor.kernel;
    exports dev.ugoki.tensor.op;
    exports dev.ugoki.tensor.plan;
    exports dev.ugoki.tensor.spi;

    uses dev.ugoki.tensor.spi.BackendProvider;
}
