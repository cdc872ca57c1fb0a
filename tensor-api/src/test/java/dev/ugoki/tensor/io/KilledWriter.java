package dev.ugoki.tensor.io;

import dev.ugoki.tensor.Shape;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * A process that writes checkpoints again and again until it is killed: a folder for every step, a
 * pointer to the latest, and a single file. It prints {@code .} while it writes and the step's
 * number once the pointer names it.
 */
final class KilledWriter {
    /** Elements of the weights; every one holds the number of the step. */
    static final int WEIGHTS = 50_000;

    private static final int PIECES = 20;

    private KilledWriter() {}

    /** Arguments: the folder of the checkpoints. */
    public static void main(String... arguments) throws IOException {
        Path root = Path.of(arguments[0]);
        WholeFile.removeLeftovers(root);
        Optional<Path> latest = WholeFolder.pointedTo(root.resolve("last"));
        long step = latest.isEmpty() ? 0 : stepOf(latest.get());
        while (true) {
            writeStep(root, ++step, System.out);
            System.out.println(step);
        }
    }

    static long stepOf(Path folder) {
        return Long.parseLong(folder.getFileName().toString());
    }

    private static void writeStep(Path root, long step, PrintStream progress) throws IOException {
        Map<String, HostArray> weights = Map.of("weight", weightsOf(step));
        Path folder = root.resolve(Long.toString(step));
        // killed between writing a folder and pointing to it, we come here a second time
        WholeFolder.delete(folder);
        WholeFolder.write(
                folder,
                inside -> {
                    SafetensorsFile.write(inside.resolve("model.safetensors"), weights);
                    progress.println('.');
                    Files.createDirectory(inside.resolve("state"));
                    NpzFile.write(inside.resolve("state/optimizer.npz"), weights);
                    progress.println('.');
                    WholeFile.write(inside.resolve("log"), out -> writeLog(out, step, progress));
                });
        progress.println('.');
        WholeFolder.pointTo(root.resolve("last"), folder);
        WholeFile.write(root.resolve("log"), out -> writeLog(out, step, progress));
        WholeFolder.delete(root.resolve(Long.toString(step - 2)));
    }

    private static HostArray weightsOf(long step) {
        float[] values = new float[WEIGHTS];
        Arrays.fill(values, step);
        return HostArray.of(Shape.of(WEIGHTS), values);
    }

    private static void writeLog(OutputStream out, long step, PrintStream progress)
            throws IOException {
        for (int piece = 0; piece < PIECES; piece++) {
            out.write((step + "\n").getBytes());
            out.flush();
            progress.println('.');
        }
    }

    /** The log that a whole checkpoint of this step holds. */
    static String logOf(String step) {
        return (step + "\n").repeat(PIECES);
    }
}
