package dev.ugoki.tensor.io;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Thousands of damaged files: each is read or refused with an {@link IOException}, without a hang,
 * and without more memory than its size justifies. {@code -Dugoki.fuzz.files=N} sets how many of
 * each format. The sequence is fixed: the same numbers name the same files in every run.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MutatedFilesTest {
    private static final int FILES = Integer.getInteger("ugoki.fuzz.files", 3500);

    /** What the readers allocate for any file, however small: buffers, channels, messages. */
    private static final long FIXED_BYTES = 1 << 16;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir Path folder;

    /** Reads a file as a user would: all of it. */
    private interface Reader {
        void readAll(Path file) throws IOException;
    }

    /** Makes the n-th damaged file. */
    private interface Source {
        byte[] next(Mutator mutator, Random random) throws IOException;
    }

    @Test
    void damagedSafetensorsAreReadOrRefused() throws IOException {
        Path valid = folder.resolve("valid.safetensors");
        SafetensorsFile.write(valid, arrays(), Map.of("format", "pt", "\n動き", "\"\\"));
        byte[] file = Files.readAllBytes(valid);
        readMutated(
                32,
                (mutator, random) -> {
                    byte[] mutated = mutator.mutate(file);
                    return random.nextBoolean() ? mutated : withTrueHeaderLength(file, mutator);
                },
                SafetensorsFile::read);
    }

    /** Damage inside the header gets past the first check only if the length is right. */
    private static byte[] withTrueHeaderLength(byte[] file, Mutator mutator) {
        int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] header = new byte[length];
        System.arraycopy(file, 8, header, 0, length);
        byte[] mutated = mutator.mutate(header);
        int data = file.length - 8 - length;
        return ByteBuffer.allocate(8 + mutated.length + data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(mutated.length)
                .put(mutated)
                .put(file, 8 + length, data)
                .array();
    }

    @Test
    void damagedNpyFilesAreReadOrRefused() throws IOException {
        byte[][] seeds = npySeeds();
        readMutated(
                4,
                (mutator, random) -> mutator.mutate(seeds[random.nextInt(seeds.length)]),
                NpyFile::read);
    }

    private static byte[][] npySeeds() {
        return new byte[][] {
            NpyFileTest.npy(
                    1,
                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
                    new byte[24]),
            NpyFileTest.npy(
                    2, "{'descr': '>i8', 'fortran_order': True, 'shape': (2, 2), }", new byte[32]),
            NpyFileTest.npy(3, "{'descr':'|b1','fortran_order':False,'shape':()}", new byte[1])
        };
    }

    @Test
    void damagedNpzFilesAreReadOrRefused() throws IOException {
        Map<String, HostArray> arrays = arrays();
        arrays.remove("BF16");
        Path valid = folder.resolve("valid.npz");
        NpzFile.write(valid, arrays);
        byte[] stored = Files.readAllBytes(valid);
        NpzFile.writeCompressed(valid, arrays);
        byte[] deflated = Files.readAllBytes(valid);
        byte[][] seeds = npySeeds();
        readMutated(
                1100,
                (mutator, random) ->
                        switch (random.nextInt(3)) {
                            case 0 -> mutator.mutate(stored);
                            case 1 -> mutator.mutate(deflated);
                            // a damaged array in a whole archive, whose checksum is right
                            default -> zip(mutator.mutate(seeds[random.nextInt(seeds.length)]));
                        },
                NpzFile::read);
    }

    @Test
    void damagedPytorchFilesAreReadOrRefused() throws IOException {
        byte[] elements = new byte[48];
        byte[] pickle =
                new PytorchBytes()
                        .op('}')
                        .op('(')
                        .text("epoch")
                        .number(3)
                        .text("model")
                        .orderedDict()
                        .op('(')
                        .text("weight")
                        .tensor("FloatStorage", "0", 12, new long[] {3, 4}, new long[] {1, 3})
                        .text("bias")
                        .tensor("FloatStorage", "0", 12, new long[] {12}, new long[] {1})
                        .text("loss")
                        .decimal(0.5)
                        .op('u')
                        .op('u')
                        .end();
        Map<String, byte[]> storages = Map.of("0", elements);
        byte[] archive = PytorchBytes.zip(pickle, storages);
        byte[] legacy = PytorchBytes.legacy(pickle, storages, 4);
        readMutated(
                160,
                (mutator, random) ->
                        switch (random.nextInt(4)) {
                            case 0 -> mutator.mutate(archive);
                            case 1 -> mutator.mutate(legacy);
                            case 2 -> PytorchBytes.legacy(mutator.mutate(pickle), storages, 4);
                            // a damaged object in a whole archive, whose checksum is right
                            default -> PytorchBytes.zip(mutator.mutate(pickle), storages);
                        },
                PytorchFile::read);
    }

    private static byte[] zip(byte[] npy) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("array.npy"));
            zip.write(npy);
        }
        return bytes.toByteArray();
    }

    private static Map<String, HostArray> arrays() {
        Map<String, HostArray> arrays = new LinkedHashMap<>();
        Random random = new Random(3);
        for (DType dtype : DType.values()) {
            byte[] bytes = new byte[6 * dtype.byteSize()];
            random.nextBytes(bytes);
            if (dtype == DType.BOOL) {
                bytes = new byte[6];
            }
            arrays.put(dtype.name(), HostArray.ofBytes(dtype, Shape.of(2, 3), bytes));
        }
        arrays.put("scalar", HostArray.of(Shape.SCALAR, 1f));
        arrays.put("empty", HostArray.of(Shape.of(0, 9), new float[0]));
        return arrays;
    }

    private void readMutated(long mostBytesOfOne, Source source, Reader reader) throws IOException {
        Random random = new Random(4);
        Mutator mutator = new Mutator(random);
        Path path = folder.resolve("mutated");
        int read = 0;
        for (int i = 0; i < FILES; i++) {
            byte[] file = source.next(mutator, random);
            Files.write(path, file);
            long before = THREADS.getCurrentThreadAllocatedBytes();
            if (tryToRead(path, i, reader)) {
                read++;
            }
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            long justified = FIXED_BYTES + mostBytesOfOne * file.length;
            // what is loaded or made once per process does not count: only a repetition tells
            if (allocated > justified && allocatedBy(path, i, reader) > justified) {
                fail("file " + i + " of " + file.length + " bytes took more than " + justified);
            }
        }
        // the damage is neither so small that all are read nor so large that none is
        assertTrue(read > 0 && read < FILES / 2, read + " of " + FILES + " were read");
    }

    private static long allocatedBy(Path path, int number, Reader reader) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        tryToRead(path, number, reader);
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    private static boolean tryToRead(Path path, int number, Reader reader) {
        try {
            reader.readAll(path);
            return true;
        } catch (IOException refused) {
            assertTrue(
                    String.valueOf(refused.getMessage()).startsWith(path.toString()),
                    "file " + number + ": the message does not name it: " + refused);
            return false;
        } catch (Throwable wrong) {
            return fail("file " + number, wrong);
        }
    }
}
