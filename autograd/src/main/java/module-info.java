/** Reverse-mode automatic differentiation over tensor operations. */
module dev.ugoki.autograd {
    requires transitive dev.ugoki.tensor;
    requires static transitive org.jspecify;

    exports dev.ugoki.autograd;
}
