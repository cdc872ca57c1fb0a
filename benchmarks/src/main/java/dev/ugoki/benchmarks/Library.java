package dev.ugoki.benchmarks;

import java.util.List;
import java.util.Set;

/** Who computes: a contender, by the class of its worker. */
enum Library {
    UGOKI("Ugoki", "UgokiWorker", Set.of()),
    /** Ugoki again, with what a measurement names as its {@link OwnBaseline}. */
    BASELINE("Ugoki's baseline", "UgokiWorker", Set.of()),
    LIBTORCH("libtorch", "LibtorchWorker", Set.of()),
    /** libtorch with F64 in place of F32: what results in F32 are judged by. */
    LIBTORCH_F64("libtorch in F64", "LibtorchWorker", Set.of()),
    OPENBLAS("OpenBLAS", "OpenBlasWorker", Set.of("MatMul")),
    ONEDNN("oneDNN", "OneDnnWorker", Set.of("MatMul")),
    ONNX_RUNTIME(
            "ONNX Runtime",
            "OnnxRuntimeWorker",
            Set.of("MatMul", "Add", "Exp", "Tanh", "Gelu", "Softmax", "Conv")),
    ND4J("ND4J", "Nd4jWorker", Set.of("MatMul", "Add", "Exp", "Tanh", "Softmax"));

    private final String title;
    private final String worker;
    private final Set<String> operators;

    Library(String title, String worker, Set<String> operators) {
        this.title = title;
        this.worker = worker;
        this.operators = operators;
    }

    /** As it is written. */
    String title() {
        return title;
    }

    /** Whether it computes this, among those that are neither ours nor the rival. */
    boolean has(Measurement measurement) {
        return operators.contains(measurement.traits().operator());
    }

    /** Those that a measurement can be made with, ours first, then the rival. */
    static List<Library> of(Measurement measurement) {
        return java.util.Arrays.stream(values())
                .filter(
                        library ->
                                library == UGOKI
                                        || library == measurement.rival().library()
                                        || library.has(measurement))
                .toList();
    }

    /** A worker in this process. */
    Worker newWorker() {
        try {
            return (Worker)
                    Class.forName(Library.class.getPackageName() + "." + worker)
                            .getDeclaredConstructor(Library.class)
                            .newInstance(this);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    title + " is not in this build, which needs the profile 'peers'", e);
        }
    }
}
