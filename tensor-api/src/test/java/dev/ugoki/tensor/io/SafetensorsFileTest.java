package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.Refusals.assertRefused;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

class SafetensorsFileTest {
    @TempDir Path folder;
    private Path path;

    @BeforeEach
    void nameTheFile() {
        path = folder.resolve("model.safetensors");
    }

    @Test
    void everyTypeComesBackAsItWasWritten() throws IOException {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        Random random = new Random(1);
        for (DType dtype : DType.values()) {
            for (Shape shape : List.of(Shape.of(3, 5), Shape.SCALAR, Shape.of(2, 0, 4))) {
                byte[] bytes = new byte[(int) shape.elementCount() * dtype.byteSize()];
                random.nextBytes(bytes);
                if (dtype == DType.BOOL) {
                    for (int i = 0; i < bytes.length; i++) {
                        bytes[i] &= 1;
                    }
                }
                tensors.put(dtype + " " + shape, HostArray.ofBytes(dtype, shape, bytes));
            }
        }
        SafetensorsFile.write(path, tensors);
        assertEquals(tensors, SafetensorsFile.read(path));
    }

    @Test
    void aFileWithoutTensorsIsOne() throws IOException {
        SafetensorsFile.write(path, Map.of());
        assertEquals(Map.of(), SafetensorsFile.read(path));
    }

    @Test
    void namesAndMetadataMayHoldAnyUnicode() throws IOException {
        String odd = "\"\\/\b\f\n\r\t\u0001 ü 動き \uD83E\uDD16 {}[]:,";
        HostArray array = HostArray.of(Shape.of(1), 7L);
        SafetensorsFile.write(path, Map.of(odd, array, "", array), Map.of(odd, odd, "b", ""));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(Map.of(odd, odd, "b", ""), file.metadata());
            assertEquals(array, file.array(odd));
            assertEquals(array, file.array(""));
            assertEquals(List.of("", odd), List.copyOf(file.names()));
        }
    }

    @Test
    void theBytesAreThoseOfTheReferenceImplementation() throws IOException {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        tensors.put("b", HostArray.of(Shape.of(2), true, false));
        tensors.put("z", HostArray.of(Shape.SCALAR, 1f));
        tensors.put("a", HostArray.of(Shape.of(1, 1), -1L));
        tensors.put("c", HostArray.of(Shape.of(1), 2f));
        SafetensorsFile.write(path, tensors, Map.of("format", "pt"));
        String header =
                "{\"__metadata__\":{\"format\":\"pt\"},"
                        + "\"a\":{\"dtype\":\"I64\",\"shape\":[1,1],\"data_offsets\":[0,8]},"
                        + "\"c\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                        + "\"z\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[12,16]},"
                        + "\"b\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[16,18]}}";
        byte[] file = Files.readAllBytes(path);
        int length = (header.length() + 7) / 8 * 8;
        assertEquals(8 + length + 18, file.length);
        assertArrayEquals(
                new byte[] {(byte) length, (byte) (length >>> 8), 0, 0, 0, 0, 0, 0},
                Arrays.copyOf(file, 8));
        assertEquals(
                header + " ".repeat(length - header.length()),
                new String(file, 8, length, StandardCharsets.UTF_8));
        assertArrayEquals(
                new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 64, 0, 0, -128, 63, 1, 0},
                Arrays.copyOfRange(file, 8 + length, file.length));
    }

    @Test
    void theLocaleDoesNotChangeTheBytes() throws IOException {
        Map<String, HostArray> tensors = Map.of("a", HostArray.of(Shape.of(12), new float[12]));
        SafetensorsFile.write(path, tensors);
        byte[] expected = Files.readAllBytes(path);
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            SafetensorsFile.write(path, tensors);
        } finally {
            Locale.setDefault(before);
        }
        assertArrayEquals(expected, Files.readAllBytes(path));
    }

    @Test
    void shapesAndTypesAreKnownWithoutReadingTensors() throws IOException {
        SafetensorsFile.write(path, Map.of("weight", HostArray.of(Shape.of(1, 2), 1f, 2f)));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(Shape.of(1, 2), file.shape("weight"));
            assertEquals(DType.F32, file.dtype("weight"));
            assertEquals(path + " (1 tensors)", file.toString());
        }
    }

    @Test
    void aViewEndsWithItsFileAndACopyDoesNot() throws IOException {
        SafetensorsFile.write(path, Map.of("a", HostArray.of(Shape.of(2), 1f, 2f)));
        SafetensorsFile file = SafetensorsFile.open(path);
        HostArray view = file.array("a");
        HostArray copy = view.copy();
        file.close();
        file.close();
        assertThrows(IllegalStateException.class, view::toFloats);
        assertThrows(IllegalStateException.class, () -> file.array("a"));
        assertArrayEquals(new float[] {1f, 2f}, copy.toFloats());
    }

    @Test
    void aTensorMayBeLargerThanAJavaArray() throws IOException {
        long count = 2_300_000_000L;
        String header =
                "{\"a\":{\"dtype\":\"I8\",\"shape\":[2,%d],\"data_offsets\":[0,%d]}}"
                        .formatted(count / 2, count);
        // the data is a hole, which takes no space
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.writeLong(Long.reverseBytes(header.length()));
            file.writeBytes(header);
            file.setLength(8 + header.length() + count);
            file.seek(8 + header.length() + count - 1);
            file.write(-7);
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            HostArray array = file.array("a");
            assertEquals(-7, array.longAt(count - 1));
            assertEquals(0, array.longAt(count / 2));
            IllegalStateException tooLarge =
                    assertThrows(IllegalStateException.class, array::toFloats);
            assertEquals(
                    "toFloats: I8[2,1150000000] is larger than a Java array; read its bytes()",
                    tooLarge.getMessage());
        }
    }

    @Test
    void anOpenFileMayBeReplaced() throws IOException {
        SafetensorsFile.write(path, Map.of("a", HostArray.of(Shape.SCALAR, 1f)));
        try (SafetensorsFile old = SafetensorsFile.open(path)) {
            SafetensorsFile.write(path, Map.of("b", HostArray.of(Shape.of(9), new float[9])));
            assertEquals(1.0, old.array("a").doubleAt(0));
            assertEquals(9, SafetensorsFile.read(path).get("b").elementCount());
        }
    }

    @Test
    void whatTheFormatCannotHoldIsNotWritten() throws IOException {
        HostArray array = HostArray.of(Shape.SCALAR, 1f);
        IllegalArgumentException reserved =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> SafetensorsFile.write(path, Map.of("__metadata__", array)));
        assertTrue(reserved.getMessage().contains("may not be named __metadata__"));
        IllegalArgumentException halfPair =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> SafetensorsFile.write(path, Map.of("\uD83E", array)));
        assertTrue(halfPair.getMessage().contains("half a surrogate pair"));
        assertTrue(Files.notExists(path));
    }

    @Test
    void whatIsNotThereIsSaidSo() throws IOException {
        NoSuchFileException noFile =
                assertThrows(NoSuchFileException.class, () -> SafetensorsFile.open(path));
        assertEquals(path + ": there is no such file", noFile.getMessage());
        assertRefused(folder, "is a folder; name a file in it", () -> SafetensorsFile.open(folder));
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        for (int i = 0; i < 10; i++) {
            tensors.put("layer" + i, HostArray.of(Shape.SCALAR, 1f));
        }
        SafetensorsFile.write(path, tensors);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertRefused(
                    path,
                    "holds no tensor named 'layer'; it holds 10: 'layer0', 'layer1',",
                    () -> file.array("layer"));
        }
        SafetensorsFile.write(path, Map.of());
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertRefused(path, "holds no tensor at all, so none named 'x'", () -> file.shape("x"));
        }
    }

    @Test
    void theConformanceTensorsAreReadWholeAndSurviveRewriting() throws IOException {
        for (String name : List.of("tensors", "models")) {
            Path shared = SharedData.file("conformance/" + name + ".safetensors");
            Map<String, HostArray> tensors = SafetensorsFile.read(shared);
            assertEquals(name.equals("tensors") ? 2910 : 146, tensors.size());
            SafetensorsFile.write(path, tensors);
            assertEquals(tensors, SafetensorsFile.read(path));
        }
        try (SafetensorsFile file =
                SafetensorsFile.open(SharedData.file("conformance/tensors.safetensors"))) {
            assertEquals(Shape.of(1, 2, 6, 4), file.shape("neg/0000/in/x"));
            float[] in = file.array("neg/0000/in/x").toFloats();
            float[] out = file.array("neg/0000/out/0").toFloats();
            for (int i = 0; i < in.length; i++) {
                assertEquals(0f, in[i] + out[i]);
            }
        }
    }

    @Test
    void publicCheckpointsAreRead() throws IOException {
        Path checkpoints = SharedData.file("data/lerobot_checkpoints");
        List<Path> files = new ArrayList<>();
        try (var walk = Files.walk(checkpoints)) {
            walk.filter(file -> file.toString().endsWith(".safetensors")).forEach(files::add);
        }
        assertTrue(files.size() >= 10);
        for (Path checkpoint : files) {
            for (HostArray tensor : SafetensorsFile.read(checkpoint).values()) {
                assertEquals(DType.F32, tensor.dtype());
            }
        }
    }
}
