/** Robot data sets, normalization, training of policies, acting and serving. */
module dev.ugoki.embodied {
    requires transitive dev.ugoki.nn;
    requires com.fasterxml.jackson.databind;
    requires com.github.luben.zstd_jni;
    requires dev.hardwood.core;
    requires jdk.jfr;
    requires org.xerial.snappy;
    requires static me.tongfei.progressbar; // for who wants to see TrainingProgressBar
    requires static transitive org.jspecify;

    exports dev.ugoki.embodied.act;
    exports dev.ugoki.embodied.control;
    exports dev.ugoki.embodied.data;
    exports dev.ugoki.embodied.language;
    exports dev.ugoki.embodied.onnx;
    exports dev.ugoki.embodied.train;
}
