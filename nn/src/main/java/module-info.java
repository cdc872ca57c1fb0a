/** Modules, optimizers, and the networks of vision-motor policies. */
module dev.ugoki.nn {
    requires transitive dev.ugoki.autograd;
    requires transitive dev.ugoki.tensor;
    requires static transitive org.jspecify;

    exports dev.ugoki.nn;
    exports dev.ugoki.nn.layer;
    exports dev.ugoki.nn.optim;
    exports dev.ugoki.nn.policy;
    exports dev.ugoki.nn.transformer;
    exports dev.ugoki.nn.vision;
}
