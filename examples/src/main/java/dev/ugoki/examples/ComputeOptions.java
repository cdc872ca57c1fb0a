package dev.ugoki.examples;

import dev.ugoki.tensor.Device;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.util.concurrent.Callable;

/** Where and with how many threads to compute: the options that commands share. */
public final class ComputeOptions {
    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description =
                    "cpu, cuda or reference, with :NUMBER for one of several; default: the"
                            + " best.")
    private @Nullable String device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that compute; default: all processors.")
    private @Nullable Integer threads;

    @Option(names = "--emulated", description = EMULATED)
    private boolean emulated;

    /** What {@code --emulated} does. */
    static final String EMULATED =
            "With cuda: no GPU, but the same kernels, compiled by g++, on this machine's memory.";

    /** Lets the device {@code cuda} be the emulated one, if wanted; before anything is computed. */
    static void emulate(boolean wanted) {
        if (wanted) {
            System.setProperty("ugoki.cuda", "emulated");
        }
    }

    /** Runs what a command does there, with so many threads; returns its exit code. */
    public int run(Callable<Integer> command) throws Exception {
        if (threads != null) {
            if (threads < 1) {
                throw new IllegalArgumentException("--threads " + threads + ": must be at least 1");
            }
            // The backend reads this when it starts, which nothing has asked for so far.
            System.setProperty("ugoki.threads", Integer.toString(threads));
        }
        emulate(emulated);
        Device chosen = device == null ? Device.current() : Device.parse(device);
        try {
            return chosen.call(command);
        } catch (IllegalStateException e) {
            if (e.getCause() instanceof IOException problem) {
                throw problem;
            }
            throw e;
        }
    }

    /** How many threads compute. */
    public int threads() {
        return threads != null ? threads : Runtime.getRuntime().availableProcessors();
    }
}
