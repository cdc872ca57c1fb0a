/** Modules, optimizers, and the networks of vision-motor policies. */
module dev.ugoki.nn {
    requires transitive dev.ugoki.autograd;
    requires transitive dev.ugoki.tensor;
    requires static transitive org.jspecify;
}
