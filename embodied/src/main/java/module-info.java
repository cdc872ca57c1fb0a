/** Robot data sets, normalization, training of policies, acting and serving. */
module dev.ugoki.embodied {
    requires transitive dev.ugoki.nn;
    requires com.fasterxml.jackson.databind;
    requires com.github.luben.zstd_jni;
    requires dev.hardwood.core;
    requires org.xerial.snappy;
    requires static transitive org.jspecify;

    exports dev.ugoki.embodied.data;
}
