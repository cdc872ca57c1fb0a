/** The backend for CUDA devices. Users rarely call it: it is found as a service. */
module dev.ugoki.cuda {
    requires transitive dev.ugoki.tensor;
    requires org.bytedeco.cuda;
    requires org.bytedeco.javacpp;
    requires static transitive org.jspecify;

    exports dev.ugoki.cuda;

    provides dev.ugoki.tensor.spi.BackendProvider with
            dev.ugoki.cuda.CudaProvider;
}
