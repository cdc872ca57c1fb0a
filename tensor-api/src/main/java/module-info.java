/** Tensors, operations, graphs, files of tensors, and the interface that backends implement. */
module dev.ugoki.tensor {
    requires static transitive org.jspecify;

    exports dev.ugoki.tensor;
}
