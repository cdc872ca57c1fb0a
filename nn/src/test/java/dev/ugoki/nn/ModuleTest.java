package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.nn.layer.LayerNorm;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class ModuleTest {
    @TempDir Path folder;

    /** Parameters of its own, a buffer, a constant and a child. */
    private static final class Example extends Module {
        private final Linear linear;
        private final Parameter scale;
        private final Buffer mean;

        Example(Key key) {
            linear = child("linear", new Linear(2, 3, key));
            scale = parameter("scale", Init.ones(3));
            mean = buffer("mean", Tensor.zeros(DType.F32, 3));
            constant("table", Tensor.ones(DType.F32, 7));
        }
    }

    private static final class Named extends Module {
        Named(String name) {
            child("taken", new Dropout(0));
            parameter(name, Init.ones(1));
        }
    }

    private static final class Tied extends Module {
        Tied() {
            Parameter shared = parameter("first", Init.ones(2));
            parameter("second", shared);
        }
    }

    private static Sequential network(long seed) {
        Key key = Key.of(seed);
        return new Sequential(
                new Linear(2, 4, key.fold(0)),
                new LayerNorm(4),
                Activation.silu(),
                new Linear(4, 1, key.fold(1)));
    }

    @Test
    void namesAreDottedWithOwnParametersAndBuffersBeforeChildren() {
        assertEquals(
                List.of("scale", "mean", "linear.weight", "linear.bias"),
                List.copyOf(new Example(Key.of(1)).stateDict().keySet()));
        assertEquals(
                List.of("0.weight", "0.bias", "1.weight", "1.bias", "3.weight", "3.bias"),
                List.copyOf(network(1).namedParameters().keySet()));
    }

    @Test
    void constantsAreBuffersButNotState() {
        Example example = new Example(Key.of(1));
        assertEquals(List.of("mean", "table"), List.copyOf(example.namedBuffers().keySet()));
        assertFalse(example.stateDict().containsKey("table"));
    }

    @Test
    void aNameIsUsedOnceAndHasNoDot() {
        for (String name : List.of("taken", "a.b", "")) {
            var error = assertThrows(IllegalArgumentException.class, () -> new Named(name));
            assertTrue(error.getMessage().contains("'" + name + "'"), error.getMessage());
        }
    }

    @Test
    void aSharedParameterIsLearnedOnceAndSavedUnderBothNames() {
        Tied tied = new Tied();
        assertEquals(1, tied.parameters().size());
        assertEquals(2, tied.parameterCount());
        assertEquals(List.of("first", "second"), List.copyOf(tied.stateDict().keySet()));
    }

    @Test
    void aSavedStateLoadsIntoAnotherModuleBitForBit() throws IOException {
        Path file = folder.resolve("model.safetensors");
        Example saved = new Example(Key.of(1));
        saved.mean.assign(Tensor.of(new float[] {1, 2, 3}, 3));
        saved.save(file);
        Example loaded = new Example(Key.of(2));
        assertFalse(saved.stateDict().equals(loaded.stateDict()));
        loaded.load(file);
        assertEquals(saved.stateDict(), loaded.stateDict());
        assertEquals(saved.stateDict(), SafetensorsFile.read(file));
    }

    @Test
    void aStateDictIsASnapshot() {
        Example example = new Example(Key.of(1));
        HostArray before = example.stateDict().get("scale");
        example.scale.assign(Tensor.of(new float[] {4, 5, 6}, 3));
        assertArrayEquals(new float[] {1, 1, 1}, before.toFloats());
    }

    @Test
    void loadingConvertsFloatingDTypes() {
        Example example = new Example(Key.of(1));
        Map<String, HostArray> state = new LinkedHashMap<>();
        example.stateDict().forEach((name, array) -> state.put(name, array.to(DType.F64)));
        state.put("scale", HostArray.of(Shape.of(3), 0.5, 0.25, 2.0).to(DType.BF16));
        example.load(state);
        assertArrayEquals(new float[] {0.5f, 0.25f, 2}, example.scale.tensor().toFloatArray());
    }

    @Test
    void aStateThatDoesNotFitIsRefusedByNameAndChangesNothing() {
        Example example = new Example(Key.of(1));
        Map<String, HostArray> before = example.stateDict();
        Map<String, HostArray> wrong = new LinkedHashMap<>(before);
        wrong.put("scale", HostArray.of(Shape.of(3), 9f, 9f, 9f));
        wrong.remove("linear.bias");
        wrong.put("linear.weight", HostArray.of(Shape.of(2), 1f, 2f));
        wrong.put("mean", HostArray.of(Shape.of(3), 1L, 2L, 3L));
        wrong.put("other", HostArray.of(Shape.SCALAR, 1f));
        var error = assertThrows(IllegalArgumentException.class, () -> example.load(wrong));
        for (String part :
                List.of(
                        "missing: linear.bias F32[3]",
                        "other type: linear.weight is F32[2], not F32[3,2]",
                        "other type: mean is I64[3], not F32[3]",
                        "unexpected: other F32[]",
                        "Example")) {
            assertTrue(error.getMessage().contains(part), error.getMessage());
        }
        assertEquals(before, example.stateDict());
    }

    @Test
    void aFileThatDoesNotFitIsNamed() throws IOException {
        Path file = folder.resolve("model.safetensors");
        new Example(Key.of(1)).save(file);
        var error = assertThrows(IllegalArgumentException.class, () -> network(1).load(file));
        assertTrue(error.getMessage().contains(file.toString()), error.getMessage());
    }

    @Test
    void modesGoDownTheTree() {
        Sequential outer = new Sequential(new Sequential(new Dropout(0.5)));
        assertTrue(outer.isTraining());
        outer.eval();
        assertFalse(((Sequential) outer.get(0)).get(0).isTraining());
        outer.train();
        assertTrue(((Sequential) outer.get(0)).get(0).isTraining());
    }

    @Test
    void theSameKeyBuildsTheSameModule() {
        assertEquals(network(3).stateDict(), network(3).stateDict());
        assertFalse(network(3).stateDict().equals(network(4).stateDict()));
    }

    @Test
    void parametersOutliveTheScopeInWhichTheyWereMade() {
        Sequential built;
        try (TensorScope _ = TensorScope.open()) {
            built = network(1);
        }
        assertEquals(network(1).stateDict(), built.stateDict());
    }

    @Test
    void parametersAreOfTheDTypeAskedFor() {
        Sequential wide = Init.withDType(DType.F64, () -> network(1));
        assertEquals(DType.F64, wide.namedParameters().get("0.weight").type().dtype());
        assertEquals(DType.F64, wide.apply(Tensor.zeros(DType.F64, 1, 2)).dtype());
        assertSame(DType.F32, Init.dtype());
    }

    @Test
    void printsAsATreeWithShapesAndCounts() {
        assertEquals(
                """
                Sequential                                             25
                  0: Linear weight[4,2] bias[4]                        12
                  1: LayerNorm(epsilon=1.0E-5) weight[4] bias[4]        8
                  2: Activation(silu)                                   0
                  3: Linear weight[1,4] bias[1]                         5\
                """
                        .replaceAll("  +(\\d+)(?=\n|$)", " $1"),
                network(1).toString().replaceAll("  +(\\d+)(?=\n|$)", " $1"));
    }

    @Test
    void aSketchCountsWithoutValues() {
        Linear huge = Module.sketch(() -> new Linear(1L << 30, 1L << 20, Key.of(1)));
        assertEquals((1L << 50) + (1L << 20), huge.parameterCount());
        assertTrue(huge.toString().contains("weight[1048576,1073741824]"), huge.toString());
    }
}
