package dev.ugoki.cuda.nvidia;

/** The libraries that the backend is made of, in the order in which they are loaded. */
enum Library {
    DRIVER("libcuda.so.1", "nvcuda.dll", false, "the driver"),
    RUNTIME("libcudart.so.13", "cudart64_13.dll", false, "the runtime"),
    COMPILER_HEADERS(
            "libnvrtc-builtins.so.13", "nvrtc-builtins64_13*.dll", false, "the compiler's headers"),
    COMPILER("libnvrtc.so.13", "nvrtc64_13*.dll", false, "the compiler of kernels"),
    PRODUCTS("libcublasLt.so.13", "cublasLt64_13.dll", false, "matrix products"),
    OLDER_PRODUCTS("libcublas.so.13", "cublas64_13.dll", false, "matrix products"),
    DNN_GRAPHS("cudnn_graph"),
    DNN_OPERATIONS("cudnn_ops"),
    DNN_CONVOLUTIONS("cudnn_cnn"),
    DNN_OTHERS("cudnn_adv"),
    DNN_HEURISTICS("cudnn_heuristic"),
    DNN_PRECOMPILED("cudnn_engines_precompiled"),
    DNN_COMPILED("cudnn_engines_runtime_compiled"),
    DNN("cudnn");

    private final String linux;
    private final String windows;
    private final boolean optional;
    private final String purpose;

    Library(String linux, String windows, boolean optional, String purpose) {
        this.linux = linux;
        this.windows = windows;
        this.optional = optional;
        this.purpose = purpose;
    }

    /** A part of cuDNN 9. */
    Library(String name) {
        this("lib" + name + ".so.9", name + "64_9.dll", true, "convolutions and attention");
    }

    /** The file's name; on Windows it may have a {@code *} in it. */
    String file(boolean ofWindows) {
        return ofWindows ? windows : linux;
    }

    /** Whether the backend can do without it. */
    boolean isOptional() {
        return optional;
    }

    String purpose() {
        return purpose;
    }
}
