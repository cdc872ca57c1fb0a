package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.Refusals.assertRefused;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;

class PytorchFileTest {
    private static final long[] SHAPE = {2, 3};
    private static final long[] ROWS = {3, 1};
    private static final Map<String, byte[]> ONE =
            Map.of("0", PytorchBytes.floats(1, 2, 3, 4, 5, 6));

    @TempDir Path folder;

    private Path write(byte[] file) throws IOException {
        return Files.write(folder.resolve("file.pt"), file);
    }

    private Path zip(PytorchBytes pickle) throws IOException {
        return write(PytorchBytes.zip(pickle.end(), ONE));
    }

    private static PytorchBytes stateDict(long[] shape, long[] strides) {
        return new PytorchBytes()
                .orderedDict()
                .op('(')
                .text("weight")
                .tensor("FloatStorage", "0", 6, shape, strides)
                .op('u');
    }

    @Test
    void anArchivesTensorsHaveTheirNamesShapesAndElements() throws IOException {
        Map<String, HostArray> arrays = PytorchFile.read(zip(stateDict(SHAPE, ROWS)));
        assertEquals(List.of("weight"), List.copyOf(arrays.keySet()));
        assertEquals(HostArray.of(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f), arrays.get("weight"));
    }

    @Test
    void anOlderFilesToo() throws IOException {
        byte[] file = PytorchBytes.legacy(stateDict(SHAPE, ROWS).end(), ONE, 4);
        assertEquals(
                HostArray.of(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f),
                PytorchFile.read(write(file)).get("weight"));
    }

    @Test
    void tensorsThatAreTransposedArePutInOrder() throws IOException {
        PytorchBytes transposed = stateDict(new long[] {3, 2}, new long[] {1, 3});
        assertEquals(
                HostArray.of(Shape.of(3, 2), 1f, 4f, 2f, 5f, 3f, 6f),
                PytorchFile.read(zip(transposed)).get("weight"));
    }

    @Test
    void whatIsNestedHasDottedNames() throws IOException {
        PytorchBytes checkpoint =
                new PytorchBytes()
                        .op('}')
                        .op('(')
                        .text("best")
                        .decimal(91.5)
                        .text("epoch")
                        .number(7)
                        .text("none")
                        .op('N')
                        .text("done")
                        .op(0x88)
                        .text("groups")
                        .op(']')
                        .op('(')
                        .text("a")
                        .text("b")
                        .op('e')
                        .text("model")
                        .orderedDict()
                        .text("weight")
                        .tensor("FloatStorage", "0", 6, SHAPE, ROWS)
                        .op('s')
                        .op('u');
        PytorchFile file = PytorchFile.open(zip(checkpoint));
        assertEquals(
                Map.of("best", 91.5, "epoch", 7L, "done", true, "groups.0", "a", "groups.1", "b"),
                file.values());
        assertEquals(List.of("model.weight"), List.copyOf(file.names()));
        assertEquals(List.of("weight"), List.copyOf(file.arrays("model.").keySet()));
        assertEquals(Shape.of(2, 3), file.shape("model.weight"));
        assertEquals(DType.F32, file.dtype("model.weight"));
        assertRefused(folder.resolve("file.pt"), "'weights'", () -> file.array("weights"));
        assertRefused(folder.resolve("file.pt"), "'other.'", () -> file.arrays("other."));
    }

    @Test
    void aStateDictsVersionsAreNoContent() throws IOException {
        PytorchBytes withVersions =
                stateDict(SHAPE, ROWS)
                        .op('}')
                        .text("_metadata")
                        .orderedDict()
                        .text("")
                        .op('}')
                        .text("version")
                        .number(1)
                        .op('s')
                        .op('s')
                        .op('s')
                        .op('b');
        PytorchFile file = PytorchFile.open(zip(withVersions));
        assertEquals(List.of("weight"), List.copyOf(file.names()));
        assertTrue(file.values().isEmpty());
    }

    @Test
    void parametersAreTensors() throws IOException {
        PytorchBytes parameter =
                new PytorchBytes()
                        .global("torch._utils", "_rebuild_parameter")
                        .op('(')
                        .tensor("FloatStorage", "0", 6, SHAPE, ROWS)
                        .op(0x88)
                        .orderedDict()
                        .op('t')
                        .op('R');
        assertEquals(Shape.of(2, 3), PytorchFile.open(zip(parameter)).shape("tensor"));
    }

    @Test
    void allTypesOfElementsAreRead() throws IOException {
        Map<String, DType> types = new LinkedHashMap<>();
        types.put("DoubleStorage", DType.F64);
        types.put("FloatStorage", DType.F32);
        types.put("HalfStorage", DType.F16);
        types.put("BFloat16Storage", DType.BF16);
        types.put("LongStorage", DType.I64);
        types.put("IntStorage", DType.I32);
        types.put("CharStorage", DType.I8);
        types.put("ByteStorage", DType.U8);
        types.put("BoolStorage", DType.BOOL);
        for (Map.Entry<String, DType> type : types.entrySet()) {
            byte[] elements = new byte[2 * type.getValue().byteSize()];
            elements[elements.length / 2] = 1;
            byte[] pickle =
                    new PytorchBytes()
                            .tensor(type.getKey(), "k", 2, new long[] {2}, new long[] {1})
                            .end();
            Path file = write(PytorchBytes.zip(pickle, Map.of("k", elements)));
            HostArray array = PytorchFile.read(file).get("tensor");
            assertEquals(HostArray.ofBytes(type.getValue(), Shape.of(2), elements), array);
        }
    }

    @Test
    void aTypeThatIsNotSupportedIsRefusedWhenItIsAskedFor() throws IOException {
        byte[] pickle =
                new PytorchBytes()
                        .tensor("ShortStorage", "0", 12, new long[] {12}, new long[] {1})
                        .end();
        PytorchFile file = PytorchFile.open(write(PytorchBytes.zip(pickle, ONE)));
        assertEquals(Shape.of(12), file.shape("tensor"));
        assertRefused(folder.resolve("file.pt"), "of ShortStorage", () -> file.array("tensor"));
    }

    // ---- what is refused ----

    private void assertZipRefused(String text, PytorchBytes pickle) throws IOException {
        Path file = zip(pickle);
        assertRefused(file, text, () -> PytorchFile.read(file));
    }

    @Test
    void codeIsRefusedAndNotRun() throws IOException {
        Path witness = folder.resolve("witness");
        assertZipRefused(
                "'os.system'",
                new PytorchBytes()
                        .global("os", "system")
                        .op('(')
                        .text("touch " + witness)
                        .op('t')
                        .op('R'));
        assertTrue(Files.notExists(witness));
        assertZipRefused(
                "'builtins.eval'",
                new PytorchBytes().text("builtins").text("eval").op(0x93).op(')').op('R'));
        assertZipRefused(
                "'torch.nn.modules.linear.Linear'",
                new PytorchBytes().global("torch.nn.modules.linear", "Linear"));
    }

    @ParameterizedTest
    @ValueSource(ints = {'i', 'o', 0x81, 0x82, 0x92, 0x8f, 'B', 'P', 0x98})
    void instructionsThatMakeObjectsAreRefused(int code) throws IOException {
        assertZipRefused(
                "the instruction 0x%02x".formatted(code),
                new PytorchBytes().text("os").text("system").op(code));
    }

    @Test
    void attributesOfAnythingButADictAreRefused() throws IOException {
        assertZipRefused(
                "attributes",
                new PytorchBytes().tensor("FloatStorage", "0", 6, SHAPE, ROWS).op('}').op('b'));
    }

    @Test
    void tensorsOutsideOfTheirStorageAreRefused() throws IOException {
        assertZipRefused("not inside", stateDict(new long[] {2, 4}, new long[] {4, 1}));
        assertZipRefused("from 0 up", stateDict(new long[] {-1, 3}, ROWS));
        assertZipRefused("from 0 up", stateDict(SHAPE, new long[] {3, -1}));
        assertZipRefused("extents", stateDict(SHAPE, new long[] {1}));
        assertZipRefused(
                "larger than any file",
                stateDict(new long[] {1 << 30, 1 << 30, 1 << 30, 1}, new long[] {0, 0, 0, 1}));
    }

    /** A tensor that repeats one element a billion times would take 4 GB. */
    @Test
    void tensorsThatRepeatWhatIsStoredAreRefused() throws IOException {
        assertZipRefused("are stored for it", stateDict(new long[] {1 << 30}, new long[] {0}));
    }

    @Test
    void storagesMustBeThereAndOfTheirSize() throws IOException {
        byte[] pickle = stateDict(SHAPE, ROWS).end();
        Path missing = write(PytorchBytes.zip(pickle, Map.of()));
        assertRefused(missing, "no entry 'archive/data/0'", () -> PytorchFile.open(missing));
        Path small = write(PytorchBytes.zip(pickle, Map.of("0", new byte[20])));
        assertRefused(small, "has 20 bytes", () -> PytorchFile.open(small));
        Path legacy = write(PytorchBytes.legacy(pickle, Map.of("0", new byte[20]), 4));
        assertRefused(legacy, "is not whole", () -> PytorchFile.open(legacy));
        Path empty = write(PytorchBytes.legacy(pickle, Map.of(), 4));
        assertRefused(empty, "lacks storage '0'", () -> PytorchFile.open(empty));
    }

    @Test
    void aByteThatIsNoBooleanIsRefused() throws IOException {
        byte[] pickle =
                new PytorchBytes()
                        .tensor("BoolStorage", "k", 2, new long[] {2}, new long[] {1})
                        .end();
        Path file = write(PytorchBytes.zip(pickle, Map.of("k", new byte[] {1, 2})));
        assertRefused(file, "element 1 is 2", () -> PytorchFile.read(file));
    }

    /** A dict that holds the one before it twice, thirty times over, has a billion entries. */
    @Test
    void whatIsSharedManyTimesOverIsRefused() throws IOException {
        PytorchBytes bomb = new PytorchBytes().op('}').op('q').op(0);
        for (int i = 1; i < 31; i++) {
            bomb.op('}').text("a").op('h').op(i - 1).op('s');
            bomb.text("b").op('h').op(i - 1).op('s').op('q').op(i);
        }
        assertZipRefused("many times over", bomb);
        assertZipRefused(
                "many times over", new PytorchBytes().op(']').op('q').op(0).op('h').op(0).op('a'));
    }

    @Test
    void longNamesManyTimesOverAreRefused() throws IOException {
        PytorchBytes bomb = new PytorchBytes().op('}').text("n".repeat(100_000)).op('}');
        for (int i = 0; i < 1000; i++) {
            bomb.number(i).op('N').op('s');
        }
        assertZipRefused("too long together", bomb.op('s'));
    }

    @Test
    void otherFilesAreRefused() throws IOException {
        Path text = write("no model".getBytes(StandardCharsets.UTF_8));
        assertRefused(text, "is no PyTorch file", () -> PytorchFile.open(text));
        Path pickle = write(new PytorchBytes().text("hello").end());
        assertRefused(pickle, "not PyTorch's", () -> PytorchFile.open(pickle));
        Path zip = write(PytorchBytes.archive(Map.of("a.txt", new byte[3]), ZipEntry.STORED));
        assertRefused(zip, "no folder with data.pkl", () -> PytorchFile.open(zip));
        Path packed =
                write(
                        PytorchBytes.archive(
                                Map.of("a/data.pkl", stateDict(SHAPE, ROWS).end()),
                                ZipEntry.DEFLATED));
        assertRefused(packed, "is compressed", () -> PytorchFile.open(packed));
    }

    @Test
    void damageToAStorageIsFoundByItsChecksum() throws IOException {
        byte[] file = PytorchBytes.zip(stateDict(SHAPE, ROWS).end(), ONE);
        byte[] six = PytorchBytes.floats(6);
        int at = 0;
        while (!java.util.Arrays.equals(file, at, at + 4, six, 0, 4)) {
            at++;
        }
        file[at] ^= 1;
        Path damaged = write(file);
        assertRefused(damaged, "its checksum does not fit", () -> PytorchFile.open(damaged));
    }

    // ---- real files ----

    /** The two files are of two trainings of one network. */
    @Test
    void theNetworkOfTheDigitsIsRead() throws IOException {
        Map<String, HostArray> arrays =
                PytorchFile.read(SharedData.file("data/mnist_t10k/mnist.pt"));
        Map<String, HostArray> other =
                SafetensorsFile.read(SharedData.file("data/mnist_t10k/mnist.safetensors"));
        assertEquals(other.keySet(), arrays.keySet());
        other.forEach((name, array) -> assertEquals(array.shape(), arrays.get(name).shape()));
        assertEquals(0.1337510198354721, arrays.get("conv1.bias").doubleAt(0), 1e-9);
        assertEquals(24 * 22 * 22 * 32, arrays.get("fc1.weight").elementCount());
        assertEquals(3752, arrays.get("norm1.num_batches_tracked").longAt(0));
    }

    @Test
    void theOldestFilesToo() throws IOException {
        Path folderOfModels = SharedData.file("data/resnet_cifar10/pretrained_models");
        PytorchFile file = PytorchFile.open(folderOfModels.resolve("resnet20-12fca82f.th"));
        Map<String, HostArray> expected =
                SafetensorsFile.read(
                        SharedData.file("data/resnet_cifar10/resnet20_cifar10.safetensors"));
        assertEquals(expected, file.arrays("state_dict.module."));
        assertEquals(91.78, (Double) file.values().get("best_prec1"), 1e-5);
        assertArrayEquals(
                new long[] {16, 3, 3, 3}, file.shape("state_dict.module.conv1.weight").toArray());
    }
}
