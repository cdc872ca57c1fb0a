/** Robot data sets, normalization, training of policies, acting and serving. */
module dev.ugoki.embodied {
    requires transitive dev.ugoki.nn;
    requires static transitive org.jspecify;
}
