package dev.ugoki.examples;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.MemoryPool;

import picocli.CommandLine.Command;

import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code ugoki doctor}: what was found on this machine, what was not, and what to do about it. */
@Command(
        name = "doctor",
        description = "Tells what this machine offers: devices, libraries, flags, memory.",
        mixinStandardHelpOptions = true)
final class Doctor implements Callable<Integer> {
    private static final double GIB = 1L << 30;

    /** Methods waiting for each compiler thread before the JIT passes over its profiling tier. */
    private static final long TIER_3_DELAY = 1000;

    private final PrintStream out = System.out;
    private final List<String> advice = new ArrayList<>();

    @Override
    public Integer call() {
        java();
        memory();
        for (BackendProvider provider : Backends.providers()) {
            backend(provider);
        }
        defaultDevice();
        out.println();
        if (advice.isEmpty()) {
            out.println("Nothing to do: all is as it should be.");
        } else {
            out.println("To do:");
            advice.forEach(line -> out.println("  - " + line));
        }
        return advice.isEmpty() ? 0 : 1;
    }

    private void java() {
        out.println("ugoki " + Environment.version());
        out.println("Java " + Environment.java());
        out.println("  home:  " + System.getProperty("java.home"));
        out.println("  flags: " + String.join(" ", Environment.flags()));
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        out.println("  vector module: " + (vectors ? "present" : "missing"));
        if (!vectors) {
            advice.add(
                    "start Java with --add-modules jdk.incubator.vector: kernels are many times"
                            + " slower without");
        }
        if (tier3Delay() < TIER_3_DELAY) {
            advice.add(
                    "start Java with -XX:Tier3DelayOn="
                            + TIER_3_DELAY
                            + ": where many methods wait for the JIT, it may otherwise leave a"
                            + " kernel in a slow tier for good");
        }
        if (!Doctor.class.getModule().isNativeAccessEnabled()) {
            advice.add(
                    "start Java with --enable-native-access=ALL-UNNAMED, which later versions"
                            + " of Java will require");
        }
    }

    /** HotSpot's setting; enough where the virtual machine is another, which has none. */
    private static long tier3Delay() {
        var options = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        try {
            return options == null
                    ? TIER_3_DELAY
                    : Long.parseLong(options.getVMOption("Tier3DelayOn").getValue());
        } catch (IllegalArgumentException e) {
            return TIER_3_DELAY;
        }
    }

    private void memory() {
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        out.printf(
                Locale.ROOT,
                "%s %s on %s, %d processors, %.1f GiB of memory (%.1f free), Java heap up to"
                        + " %.1f GiB%n",
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                system.getTotalMemorySize() / GIB,
                system.getFreeMemorySize() / GIB,
                Runtime.getRuntime().maxMemory() / GIB);
    }

    private void backend(BackendProvider provider) {
        Optional<String> reason = provider.unusableBecause();
        out.println();
        out.printf(
                "backend %s: %s%n",
                provider.kind(),
                reason.isPresent()
                        ? "not usable: " + reason.get()
                        : provider.deviceCount()
                                + (provider.deviceCount() == 1 ? " device" : " devices"));
        for (int i = 0; reason.isEmpty() && i < provider.deviceCount(); i++) {
            Backend backend = Backends.forDevice(new Device(provider.kind(), i));
            backend.describe().forEach(line -> out.println("  " + line));
            MemoryPool pool = backend.memory();
            out.printf(
                    Locale.ROOT,
                    "  memory budget %.1f GiB (-Dugoki.memory=BYTES)%n",
                    pool.budget() / GIB);
        }
    }

    private void defaultDevice() {
        out.println();
        try {
            out.println("default device: " + Device.current());
        } catch (IllegalStateException | IllegalArgumentException problem) {
            out.println("default device: none");
            advice.add(problem.getMessage());
        }
    }
}
