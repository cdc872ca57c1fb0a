package dev.ugoki.examples.pusht;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipFile;

/** The human demonstrations beside the checkout; tests that need them skip where they are not. */
final class SharedData {
    private SharedData() {}

    static Path file(String name) {
        Path root = Path.of("").toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("bom"))) {
            root = root.getParent();
        }
        Assumptions.assumeTrue(root != null, "not run inside the project's checkout");
        Path file = root.resolve("../shared").normalize().resolve(name);
        Assumptions.assumeTrue(Files.exists(file), "../shared/" + name + " is not here");
        return file;
    }

    static Demonstrations humanDemonstrations() {
        float[] state = array("state").asFloats();
        int frames = state.length / 5;
        float[] agent = new float[2 * frames];
        float[] block = new float[3 * frames];
        for (int i = 0; i < frames; i++) {
            System.arraycopy(state, 5 * i, agent, 2 * i, 2);
            System.arraycopy(state, 5 * i + 2, block, 3 * i, 3);
        }
        long[] ends = array("episode_ends").asLongs();
        int[] episodeEnds = new int[ends.length];
        for (int i = 0; i < ends.length; i++) {
            episodeEnds[i] = Math.toIntExact(ends[i]);
        }
        return new Demonstrations(
                agent,
                block,
                array("keypoint").asFloats(),
                array("action").asFloats(),
                episodeEnds);
    }

    static float[] recordedRewards() {
        return array("next_reward").asFloats();
    }

    private record Array(ByteBuffer data) {
        float[] asFloats() {
            float[] values = new float[data.remaining() / 4];
            data.asFloatBuffer().get(values);
            return values;
        }

        long[] asLongs() {
            long[] values = new long[data.remaining() / 8];
            data.asLongBuffer().get(values);
            return values;
        }
    }

    private static Array array(String name) {
        Path file = file("data/pusht_derived/pusht_lowdim.npz");
        try (var zip = new ZipFile(file.toFile());
                var stream = zip.getInputStream(zip.getEntry(name + ".npy"))) {
            byte[] bytes = stream.readAllBytes();
            var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            int start = 10 + buffer.getShort(8);
            String header = new String(bytes, 10, start - 10, StandardCharsets.ISO_8859_1);
            if (!header.contains("'fortran_order': False")) {
                throw new IOException(name + " is not in row-major order");
            }
            return new Array(
                    buffer.slice(start, bytes.length - start).order(ByteOrder.LITTLE_ENDIAN));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
