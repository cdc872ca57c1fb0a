package dev.ugoki.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Kernels that share source files. A GPU's kernels are compiled one by one, when they are first
 * used; the emulated device compiles a batch at once.
 *
 * {@snippet :
 * KernelBatch batch = new KernelBatch("casts", "elementwise");
 * KernelCode cast = batch.add("cast_f32_f64", "Strided", "cast<f32, f64>(p);");
 * }
 */
public final class KernelBatch {
    private static final String FOLDER = "/dev/ugoki/cuda/kernels/";
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final String name;
    private final String preamble;
    private final List<KernelCode> kernels = new ArrayList<>();

    /**
     * A batch without kernels.
     *
     * @param files the names of the source files, without {@code .cuh}; the prelude comes first
     */
    public KernelBatch(String name, String... files) {
        this.name = name;
        StringBuilder text = new StringBuilder(source("prelude.cuh"));
        for (String file : files) {
            text.append(source(file + ".cuh"));
        }
        this.preamble = text.toString();
    }

    private KernelBatch(String name, List<String> texts) {
        this.name = name;
        this.preamble = String.join("", texts);
    }

    /** A batch of which the text before the kernels is given, prelude and all. */
    public static KernelBatch ofPreamble(String name, String preamble) {
        return new KernelBatch(name, List.of(preamble));
    }

    /** The text of a source file. */
    public static String source(String file) {
        return resource(FOLDER + file);
    }

    /** The text of a resource of this module. */
    public static String resource(String path) {
        try (InputStream in = KernelBatch.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalStateException("the jar of ugoki-backend-cuda lacks " + path);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Adds a kernel.
     *
     * @param params the structure that it takes, as {@code p}
     * @param body statements
     */
    public KernelCode add(String kernel, String params, String body) {
        return addText(kernel, "UGOKI_KERNEL(%s, %s) { %s }\n".formatted(kernel, params, body));
    }

    /** Adds a kernel that runs with at most so many threads a block. */
    public KernelCode addBounded(String kernel, String params, int threads, String body) {
        return addText(
                kernel,
                "UGOKI_BOUNDED_KERNEL(%s, %s, %d) { %s }\n"
                        .formatted(kernel, params, threads, body));
    }

    /** Adds a kernel of which the whole definition is given, with its structure. */
    public synchronized KernelCode addText(String kernel, String text) {
        KernelCode code = new KernelCode(this, NUMBERS.getAndIncrement(), kernel, text);
        kernels.add(code);
        return code;
    }

    /** How many kernels there are in all batches. */
    public static int kernelCount() {
        return NUMBERS.get();
    }

    public String name() {
        return name;
    }

    /** What stands before the kernels. */
    public String preamble() {
        return preamble;
    }

    /** The kernels, in the order in which they were added. */
    public synchronized List<KernelCode> kernels() {
        return List.copyOf(kernels);
    }

    /** The source of all kernels as one unit. */
    public String unit() {
        StringBuilder text = new StringBuilder(preamble);
        kernels().forEach(kernel -> text.append(kernel.text()));
        return text.toString();
    }
}
