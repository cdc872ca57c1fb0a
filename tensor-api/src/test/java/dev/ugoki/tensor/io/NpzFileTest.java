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

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

class NpzFileTest {
    private static final String EMPTY = "{'descr': '|u1', 'fortran_order': False, 'shape': (0,)}";

    @TempDir Path folder;
    private Path path;

    @BeforeEach
    void nameTheFile() {
        path = folder.resolve("arrays.npz");
    }

    @Test
    void arraysComeBackInOrderStoredAndDeflated() throws IOException {
        Map<String, HostArray> arrays = new LinkedHashMap<>();
        arrays.put("z", HostArray.of(Shape.of(1000, 3), new float[3000]));
        arrays.put("a/b", HostArray.of(Shape.of(2), 1L, -1L));
        arrays.put("", HostArray.of(Shape.SCALAR, true));
        arrays.put("empty", HostArray.of(Shape.of(0, 2), new double[0]));
        arrays.put("half", HostArray.of(Shape.of(2), 1f, 2f).to(DType.F16));
        NpzFile.write(path, arrays);
        assertEquals(arrays, NpzFile.read(path));
        assertEquals(List.copyOf(arrays.keySet()), List.copyOf(NpzFile.read(path).keySet()));
        long stored = Files.size(path);
        NpzFile.writeCompressed(path, arrays);
        assertEquals(arrays, NpzFile.read(path));
        assertTrue(Files.size(path) < stored / 2);
    }

    @Test
    void theTimeZoneDoesNotChangeTheBytes() throws IOException {
        Map<String, HostArray> arrays = Map.of("a", HostArray.of(Shape.SCALAR, 1f));
        NpzFile.write(path, arrays);
        byte[] expected = Files.readAllBytes(path);
        TimeZone before = TimeZone.getDefault();
        try {
            TimeZone.setDefault(TimeZone.getTimeZone("Asia/Tokyo"));
            NpzFile.write(path, arrays);
        } finally {
            TimeZone.setDefault(before);
        }
        assertArrayEquals(expected, Files.readAllBytes(path));
    }

    @Test
    void anArchiveOfNumpyIsRead() throws IOException {
        // numpy 2.4.6: savez_compressed(file, a=arange(3, dtype='i4'), b=float64(1.5))
        String numpy =
                """
                UEsDBC0AAAAIAAAAIQAC7L2p//////////8FABQAYS5ucHkBABAAjAAAAAAAAABMAAAAAAAAAJvsF+ob\
                EMnIUMZQrZ6SWpxcpG6loG6TaaKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoU\
                AC4GIGAEYiYgBgBQSwMELQAAAAgAAAAhACl2iev//////////wUAFABiLm5weQEAEACIAAAAAAAAAEcA\
                AAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBak\
                AvkamjoKtQoUAS4GMPhhDwBQSwECLQMtAAAACAAAACEAAuy9qUwAAACMAAAABQAAAAAAAAAAAAAAgAEA\
                AAAAYS5ucHlQSwECLQMtAAAACAAAACEAKXaJ60cAAACIAAAABQAAAAAAAAAAAAAAgAGDAAAAYi5ucHlQ\
                SwUGAAAAAAIAAgBmAAAAAQEAAAAA\
                """;
        Files.write(path, Base64.getDecoder().decode(numpy));
        assertEquals(
                Map.of(
                        "a", HostArray.of(Shape.of(3), 0, 1, 2),
                        "b", HostArray.of(Shape.SCALAR, 1.5)),
                NpzFile.read(path));
    }

    @Test
    void thePushTArraysAreTheSameInNpzAndSafetensors() throws IOException {
        Path npz = SharedData.file("data/pusht_derived/pusht_lowdim.npz");
        Path safetensors = SharedData.file("data/pusht_derived/pusht_lowdim.safetensors");
        Map<String, HostArray> arrays = NpzFile.read(npz);
        assertEquals(6, arrays.size());
        assertEquals(Shape.of(25650, 18), arrays.get("keypoint").shape());
        assertEquals(arrays, SafetensorsFile.read(safetensors));
        try (SafetensorsFile file = SafetensorsFile.open(safetensors)) {
            assertEquals(Map.of("fps", "10"), file.metadata());
        }
    }

    @Test
    void whatIsNotThereIsSaidSo() throws IOException {
        NpzFile.write(path, Map.of("a", HostArray.of(Shape.SCALAR, 1f)));
        try (NpzFile file = NpzFile.open(path)) {
            assertRefused(path, "holds no array named 'b'; it holds 1: 'a'", () -> file.array("b"));
            assertEquals(path + " (1 arrays)", file.toString());
        }
        assertThrows(IOException.class, () -> NpzFile.open(folder.resolve("none.npz")));
    }

    @Test
    void entriesThatAreNoArraysAreNotListed() throws IOException {
        writeZip("notes.txt", new byte[] {1, 2, 3}, "a.npy", NpyFileTest.npy(1, EMPTY));
        assertEquals(List.of("a"), List.copyOf(NpzFile.read(path).keySet()));
    }

    @Test
    void aFileThatIsNoZipOrIsCutOff() throws IOException {
        Files.writeString(path, "no zip");
        refused("is not a whole npz file (");
        Files.write(path, new byte[0]);
        refused("is not a whole npz file (");
        NpzFile.write(path, Map.of("a", HostArray.of(Shape.of(9), new float[9])));
        byte[] whole = Files.readAllBytes(path);
        Files.write(path, Arrays.copyOf(whole, whole.length - 1));
        refused("is not a whole npz file (");
    }

    @Test
    void anEntryWhoseHeaderAndArchiveDisagree() throws IOException {
        String dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000,)}";
        writeZip("a.npy", NpyFileTest.npy(1, dict, new byte[8]));
        refused(
                "entry 'a.npy' takes 800000000076 bytes as F64[100000000000], but the archive says"
                        + " 84");
        writeZip("a.npy", NpyFileTest.npy(1, EMPTY, new byte[8]));
        refused("entry 'a.npy' takes 65 bytes as U8[0], but the archive says 73");
        writeZip("a.npy", "not npy".getBytes());
        refused("entry 'a.npy' is not npy");
    }

    @Test
    void moreThanDeflateCanMakeOfTheEntry() throws IOException {
        String dict = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000,)}";
        writeZip("a.npy", NpyFileTest.npy(1, dict, new byte[0]));
        byte[] zip = Files.readAllBytes(path);
        // the size that the central directory claims now agrees with the header
        int central = indexOf(zip, new byte[] {'P', 'K', 1, 2});
        long claimed = 1_000_000 + 10 + dict.length();
        for (int i = 0; i < 4; i++) {
            zip[central + 24 + i] = (byte) (claimed >>> 8 * i);
        }
        Files.write(path, zip);
        refused("entry 'a.npy' claims 1000071 bytes, but no more than ");
    }

    @Test
    void anEntryThatIsCorrupt() throws IOException {
        byte[] data = new byte[1000];
        String dict = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000,)}";
        writeZip("a.npy", NpyFileTest.npy(1, dict, data));
        byte[] deflated = Files.readAllBytes(path);
        deflated[60] ^= 0x55;
        Files.write(path, deflated);
        assertThrows(FileFormatException.class, () -> NpzFile.read(path));
        NpzFile.write(path, Map.of("a", HostArray.ofBytes(DType.U8, Shape.of(1000), data)));
        byte[] stored = Files.readAllBytes(path);
        stored[500] ^= 1;
        Files.write(path, stored);
        refused("entry 'a.npy' is corrupt: its checksum does not fit its content");
    }

    @Test
    void anEntryThatStandsTwice() throws IOException {
        writeZip("a.npy", NpyFileTest.npy(1, EMPTY), "b.npy", NpyFileTest.npy(1, EMPTY));
        byte[] zip = Files.readAllBytes(path);
        for (int i = 0; i + 5 <= zip.length; i++) {
            if (new String(zip, i, 5, StandardCharsets.ISO_8859_1).equals("b.npy")) {
                zip[i] = 'a';
            }
        }
        Files.write(path, zip);
        refused("holds the entry 'a.npy' twice");
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        for (int i = 0; i + part.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        throw new AssertionError("not found");
    }

    private void refused(String text) {
        assertRefused(path, text, () -> NpzFile.read(path));
    }

    private void writeZip(Object... namesAndContents) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int i = 0; i < namesAndContents.length; i += 2) {
                zip.putNextEntry(new ZipEntry((String) namesAndContents[i]));
                zip.write((byte[]) namesAndContents[i + 1]);
            }
        }
        Files.write(path, bytes.toByteArray());
    }
}
