package dev.ugoki.embodied.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The samples are made by zarr/make.py: 0, 1, 2, ... (floats: divided by 8). */
class ZarrArrayTest {
    private static ZarrArray open(String name) throws IOException {
        return ZarrArray.open(SharedData.samples("zarr").resolve(name));
    }

    private static float[] eighths(int from, int to) {
        float[] values = new float[to - from];
        for (int i = 0; i < values.length; i++) {
            values[i] = (from + i) / 8f;
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "blosc_zstd_none", "blosc_zstd_bytes", "blosc_zstd_bits",
                "blosc_lz4_none", "blosc_lz4_bytes", "blosc_lz4_bits",
                "blosc_lz4hc_none", "blosc_lz4hc_bytes", "blosc_lz4hc_bits",
                "blosc_zlib_none", "blosc_zlib_bytes", "blosc_zlib_bits",
            })
    void everyCodecAndShuffleOfBloscIsRead(String name) throws IOException {
        ZarrArray array = open(name);
        assertEquals(Shape.of(900, 3), array.shape());
        assertArrayEquals(eighths(0, 2700), array.readFloats(0, 900));
        assertArrayEquals(eighths(399 * 3, 402 * 3), array.readFloats(399, 402));
        assertArrayEquals(eighths(899 * 3, 900 * 3), array.readFloats(899, 900));
        assertEquals(0, array.readFloats(7, 7).length);
    }

    @Test
    void blocksSplitIntoStreamsAreRead() throws IOException {
        assertArrayEquals(eighths(0, 130_000), open("large_lz4").readFloats(0, 65_000));
        assertArrayEquals(
                eighths(64_990 * 2, 130_000), open("large_lz4").readFloats(64_990, 65_000));
    }

    @ParameterizedTest
    @ValueSource(strings = {"stored", "zstd", "zlib"})
    void otherCompressorsAreRead(String name) throws IOException {
        assertArrayEquals(eighths(0, 80), open(name).readFloats(0, 40));
        assertArrayEquals(eighths(30, 36), open(name).readFloats(15, 18));
    }

    @Test
    void chunksWithoutCompressionAreRead() throws IOException {
        assertArrayEquals(eighths(0, 18), open("not_compressed").readFloats(0, 9));
    }

    @Test
    void allDtypesAreRead() throws IOException {
        double[] doubles = open("f8_bits").readDoubles(0, 50);
        long[] longs = open("i8_bytes").readLongs(0, 1001);
        int[] ints = open("i4_default").readInts(0, 33);
        for (int i = 0; i < doubles.length; i++) {
            assertEquals(i / 8.0, doubles[i]);
        }
        for (int i = 0; i < longs.length; i++) {
            assertEquals(i, longs[i]);
        }
        for (int i = 0; i < ints.length; i++) {
            assertEquals(i, ints[i]);
        }
        assertEquals(350, doubles.length);
        assertEquals(DType.BOOL, open("b1").dtype());
        byte[] flags = open("b1").readBytes(0, 40);
        byte[] bytes = open("u1_bits").readBytes(13, 42);
        for (int i = 0; i < flags.length; i++) {
            assertEquals(i % 3 == 0 ? 1 : 0, flags[i]);
        }
        for (int i = 0; i < bytes.length; i++) {
            assertEquals((13 * 108 + i) % 251, bytes[i] & 0xFF);
        }
    }

    @Test
    void chunksMayLieInNestedFolders() throws IOException {
        int[] values = open("nested").readInts(0, 9);
        for (int i = 0; i < 36; i++) {
            assertEquals(i, values[i]);
        }
    }

    @Test
    void missingChunksHoldTheFillValue() throws IOException {
        float[] values = open("missing").readFloats(0, 9);
        for (int i = 0; i < 36; i++) {
            int row = i / 4;
            int chunkRow = row / 4;
            int chunkColumn = i % 4 / 3;
            boolean missing =
                    chunkRow == 1 && chunkColumn == 0 || chunkRow == 2 && chunkColumn == 1;
            assertEquals(missing ? -1.5f : i / 8f, values[i], "element " + i);
        }
        double[] doubles = open("fill_nan").readDoubles(0, 6);
        assertEquals(0.25, doubles[2]);
        assertTrue(Double.isNaN(doubles[3]) && Double.isNaN(doubles[5]));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "refused_lz4:compressor",
                "refused_big_endian:dtype",
                "refused_fortran:order",
                "refused_filters:filters",
                "refused_v3:zarr_format",
            })
    void whatIsNotReadIsRefusedByName(String nameAndKey) {
        String[] parts = nameAndKey.split(":");
        DataFormatException refused = assertThrows(DataFormatException.class, () -> open(parts[0]));
        assertTrue(refused.getMessage().contains(parts[0]), refused.getMessage());
        assertTrue(refused.getMessage().contains('"' + parts[1] + '"'), refused.getMessage());
    }

    @Test
    void aCodecThatIsNotReadIsRefusedByName() {
        DataFormatException refused =
                assertThrows(
                        DataFormatException.class, () -> open("refused_blosclz").readFloats(0, 1));
        assertTrue(refused.getMessage().contains("blosclz"), refused.getMessage());
    }

    @Test
    void rowsBeyondTheEndAndOtherDtypesAreRefused() {
        assertThrows(IndexOutOfBoundsException.class, () -> open("zstd").readFloats(39, 41));
        assertThrows(IllegalStateException.class, () -> open("zstd").readDoubles(0, 1));
    }

    @Test
    void aShapeThatTheFilesCannotHoldIsNotBelieved(@TempDir Path folder) throws IOException {
        String json =
                Files.readString(SharedData.samples("zarr").resolve("zstd").resolve(".zarray"));
        Files.writeString(folder.resolve(".zarray"), json.replaceFirst("40,", "1000000000,"));
        ZarrArray array = ZarrArray.open(folder);
        assertEquals(1_000_000_000, array.rowCount());
        assertThrows(DataFormatException.class, () -> array.readFloats(0, 200_000_000));
    }

    @Test
    void aHeaderThatLiesAboutTheSizeIsRefused(@TempDir Path folder) throws IOException {
        Path sample = SharedData.samples("zarr").resolve("blosc_zstd_bits");
        Files.copy(sample.resolve(".zarray"), folder.resolve(".zarray"));
        byte[] chunk = Files.readAllBytes(sample.resolve("0.0"));
        chunk[6] = 0x7F;
        Files.write(folder.resolve("0.0"), chunk);
        DataFormatException refused =
                assertThrows(
                        DataFormatException.class, () -> ZarrArray.open(folder).readFloats(0, 1));
        assertTrue(refused.getMessage().contains("0.0: the Blosc header says"));
        assertEquals(folder.resolve("0.0"), refused.file());
    }
}
