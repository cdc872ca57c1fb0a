package dev.ugoki.benchmarks;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** ND4J as a contender; the environment says how many threads it has. */
final class Nd4jWorker extends Worker {
    private Supplier<INDArray> program = () -> Nd4j.empty();

    Nd4jWorker(Library library) {}

    @Override
    void start(int threads) {
        Nd4j.getBackend();
    }

    @Override
    List<float[]> prepare(Measurement measurement) {
        List<INDArray> in = new ArrayList<>();
        for (Input input : measurement.inputs()) {
            in.add(Nd4j.createFromArray(input.floats(in.size())).reshape(input.shape()));
        }
        program =
                switch (measurement.traits().operator()) {
                    case "MatMul" -> () -> Nd4j.matmul(in.get(0), in.get(1));
                    case "Add" -> () -> in.get(0).add(in.get(1));
                    case "Exp" -> () -> Transforms.exp(in.get(0), true);
                    case "Tanh" -> () -> Transforms.tanh(in.get(0), true);
                    case "Softmax" -> () -> Transforms.softmax(in.get(0), true);
                    default ->
                            throw new IllegalArgumentException(
                                    "ND4J has no part in " + measurement.name());
                };
        try (INDArray result = program.get()) {
            return List.of(result.dup('c').data().asFloat());
        }
    }

    @Override
    void run(long calls) {
        for (long call = 0; call < calls; call++) {
            program.get().close();
        }
    }

    @Override
    String about() {
        return "ND4J " + Nd4j.class.getPackage().getImplementationVersion();
    }
}
