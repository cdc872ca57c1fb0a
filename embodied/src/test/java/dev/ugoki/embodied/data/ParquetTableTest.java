package dev.ugoki.embodied.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hardwood.HardwoodContext;
import dev.ugoki.embodied.data.ParquetWriter.Field;
import dev.ugoki.embodied.data.ParquetWriter.Kind;
import dev.ugoki.embodied.data.ParquetWriter.Values;
import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The samples are made by pyarrow/make.py. */
class ParquetTableTest {
    private static final Feature ID = Feature.vector("id", FeatureType.INT64, 1);
    private static final Feature FLAG = Feature.vector("flag", FeatureType.BOOL, 1);
    private static final Feature SCALAR = Feature.vector("x.y", FeatureType.FLOAT32, 1);
    private static final Feature VECTOR = Feature.vector("v.w", FeatureType.FLOAT32, 3);
    private static final Feature MATRIX =
            new Feature("m", FeatureType.FLOAT64, Shape.of(2, 3), List.of());
    private static final Feature TASK = Feature.vector("s", FeatureType.STRING, 1);

    private static Path sample(String name) {
        return SharedData.samples("pyarrow").resolve(name + ".parquet");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "snappy",
                "zstd",
                "gzip",
                "plain",
                "split",
                "page_v2",
                "many_pages",
                "page_index",
            })
    void everyFormThatArrowWritesIsRead(String form) throws IOException {
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(sample(form), context)) {
            assertEquals(300, table.rowCount());
            assertEquals(List.of("id", "flag", "x.y", "v.w", "m", "s"), table.columnNames());
            Column ids = table.readColumn(ID);
            Column flags = table.readColumn(FLAG);
            Column scalars = table.readColumn(SCALAR);
            Column vectors = table.readColumn(VECTOR);
            Column matrices = table.readColumn(MATRIX);
            String[] tasks = table.readColumn(TASK).strings();
            for (int row = 0; row < 300; row++) {
                assertEquals(row, ids.longs()[row]);
                assertEquals(row % 3 == 0 ? 1 : 0, flags.bytes()[row]);
                assertEquals((float) (row / 7.0), scalars.floats()[row]);
                assertEquals(row + 0.25f, vectors.floats()[3 * row + 1]);
                assertEquals(6 * row + 5, matrices.at(row, 5));
                assertEquals("task " + row % 4, tasks[row]);
            }
        }
    }

    @Test
    void aFeatureOfAnotherShapeOrTypeIsRefused() throws IOException {
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(sample("snappy"), context)) {
            for (Feature wrong :
                    List.of(
                            Feature.vector("v.w", FeatureType.FLOAT32, 4),
                            new Feature("m", FeatureType.FLOAT64, Shape.of(3, 2), List.of()),
                            new Feature("m", FeatureType.FLOAT64, Shape.of(6), List.of()),
                            Feature.vector("id", FeatureType.FLOAT32, 1),
                            Feature.vector("s", FeatureType.INT64, 1),
                            Feature.vector("nothing", FeatureType.INT64, 1))) {
                DataFormatException refused =
                        assertThrows(DataFormatException.class, () -> table.readColumn(wrong));
                assertTrue(refused.getMessage().contains("'" + wrong.name() + "'"));
                assertTrue(refused.getMessage().startsWith(sample("snappy").toString()));
            }
        }
    }

    @Test
    void whatIsWrittenIsReadBack(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("all.parquet");
        Random random = new Random(1);
        int rows = 1000;
        boolean[] booleans = new boolean[rows];
        int[] ints = new int[rows];
        long[] longs = new long[rows];
        float[] floats = new float[rows * 3];
        double[] doubles = new double[rows];
        String[] strings = new String[rows];
        for (int i = 0; i < rows; i++) {
            booleans[i] = random.nextInt(10) < 3;
            ints[i] = i < 600 ? 5 : random.nextInt();
            longs[i] = random.nextInt(20) - 10;
            doubles[i] = i % 7 == 0 ? -0.0 : random.nextGaussian();
            strings[i] = "é" + random.nextInt(3);
        }
        for (int i = 0; i < floats.length; i++) {
            floats[i] = i < 1500 ? random.nextInt(4) : Float.intBitsToFloat(random.nextInt());
        }
        List<Field> fields =
                List.of(
                        new Field("b.b", Kind.BOOLEAN, false),
                        new Field("i", Kind.INT32, false),
                        new Field("l", Kind.INT64, false),
                        new Field("f", Kind.FLOAT, true),
                        new Field("d", Kind.DOUBLE, false),
                        new Field("s", Kind.STRING, false));
        try (ParquetWriter writer = new ParquetWriter(file, fields, Map.of("k", "v"))) {
            writer.writeRowGroup(
                    rows,
                    List.of(
                            Values.ofScalars(booleans),
                            Values.ofScalars(ints),
                            Values.ofScalars(longs),
                            Values.ofVectors(floats, rows, 3),
                            Values.ofScalars(doubles),
                            Values.ofScalars(strings)));
        }
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(file, context)) {
            assertArrayEquals(booleans, (boolean[]) table.read("b.b").values());
            assertArrayEquals(ints, (int[]) table.read("i").values());
            assertArrayEquals(longs, (long[]) table.read("l").values());
            assertTrue(
                    Column.of(Feature.vector("f", FeatureType.FLOAT32, 3), floats)
                            .sameBits(
                                    table.readColumn(Feature.vector("f", FeatureType.FLOAT32, 3))));
            assertTrue(
                    Column.of(Feature.vector("d", FeatureType.FLOAT64, 1), doubles)
                            .sameBits(
                                    table.readColumn(Feature.vector("d", FeatureType.FLOAT64, 1))));
            assertArrayEquals(strings, table.readStrings("s"));
        }
    }

    @Test
    void listsOfAnyLengthAreWrittenAndRead(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("lists.parquet");
        String[] strings = {"a", "b", "c", "a", "d"};
        int[] offsets = {0, 0, 2, 2, 5, 5};
        try (ParquetWriter writer =
                new ParquetWriter(file, List.of(new Field("t", Kind.STRING, true)), Map.of())) {
            writer.writeRowGroup(5, List.of(new Values(strings, offsets)));
        }
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(file, context)) {
            assertEquals(
                    List.of(
                            List.of(),
                            List.of("a", "b"),
                            List.of(),
                            List.of("c", "a", "d"),
                            List.of()),
                    table.readStringLists("t"));
        }
    }

    @Test
    void aFileThatIsCutOffSaysSo(@TempDir Path folder) throws IOException {
        byte[] bytes = Files.readAllBytes(sample("snappy"));
        Path file = folder.resolve("cut.parquet");
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        try (HardwoodContext context = HardwoodContext.create(1)) {
            DataFormatException refused =
                    assertThrows(DataFormatException.class, () -> ParquetTable.open(file, context));
            assertTrue(refused.getMessage().contains("cut.parquet"));
            assertTrue(refused.getMessage().contains("cut off"));
        }
    }

    @Test
    void aPageWhoseChecksumIsWrongIsRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("flipped.parquet");
        long[] values = new Random(2).longs(100).toArray();
        try (ParquetWriter writer =
                new ParquetWriter(file, List.of(new Field("l", Kind.INT64, false)), Map.of())) {
            writer.writeRowGroup(100, List.of(Values.ofScalars(values)));
        }
        byte[] bytes = Files.readAllBytes(file);
        bytes[500] ^= 1;
        Files.write(file, bytes);
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(file, context)) {
            assertThrows(DataFormatException.class, () -> table.readLongs("l"));
        }
    }

    /** Each row would be a copy of the one entry: ten gigabytes from a hundred kilobytes. */
    @Test
    void aDictionaryThatUnfoldsOutOfProportionIsRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("bomb.parquet");
        String[] strings = new String[100_000];
        StringBuilder random = new StringBuilder();
        new Random(4).ints(100_000, ' ', '~').forEach(c -> random.append((char) c));
        Arrays.fill(strings, random.toString());
        try (ParquetWriter writer =
                new ParquetWriter(file, List.of(new Field("s", Kind.STRING, false)), Map.of())) {
            writer.writeRowGroup(strings.length, List.of(Values.ofScalars(strings)));
        }
        assertTrue(Files.size(file) < 200_000);
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(file, context)) {
            DataFormatException refused =
                    assertThrows(DataFormatException.class, () -> table.readStrings("s"));
            assertTrue(refused.getMessage().contains("would decode to"), refused.getMessage());
        }
    }

    /**
     * Older libraries for Snappy write as many bytes as the data announce, past the buffer they
     * were given, which ends the JVM; ours is not asked at all.
     */
    @Test
    void snappyDataThatAnnounceMoreThanTheirPageAreRefused(@TempDir Path folder)
            throws IOException {
        Path file = folder.resolve("overrun.parquet");
        long[] values = new Random(3).longs(100).toArray();
        try (ParquetWriter writer =
                new ParquetWriter(file, List.of(new Field("l", Kind.INT64, false)), Map.of())) {
            writer.writeRowGroup(100, List.of(Values.ofScalars(values)));
        }
        byte[] bytes = Files.readAllBytes(file);
        int preamble = indexOf(bytes, (byte) 0xA7, (byte) 0x06);
        bytes[preamble + 1] = 0x7F;
        Files.write(file, bytes);
        try (HardwoodContext context = HardwoodContext.create(1);
                ParquetTable table = ParquetTable.open(file, context)) {
            DataFormatException refused =
                    assertThrows(DataFormatException.class, () -> table.readLongs("l"));
            assertTrue(refused.getMessage().contains("Snappy"), refused.getMessage());
        }
    }

    /** The varint of 807: 7 bytes of levels and 800 of values. */
    private static int indexOf(byte[] bytes, byte first, byte second) {
        for (int i = 0; i + 1 < bytes.length; i++) {
            if (bytes[i] == first && bytes[i + 1] == second) {
                return i;
            }
        }
        throw new AssertionError("not found");
    }
}
