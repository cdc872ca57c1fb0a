package dev.ugoki.tck.fuzz;

import dev.ugoki.tck.RowCheck;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * Calls everything public with arguments drawn at random, many of them hostile: huge, negative, not
 * a number, empty, released, on another device, sharing memory. What comes of each call must be an
 * exception that says what to do, or a right result; memory must stay as it was, and each call must
 * end.
 *
 * <pre>{@code
 * Fuzzer.Report report = new Fuzzer(Device.cpu(), 1).run(50_000, System.out::println);
 * }</pre>
 *
 * <p>Call n of a seed is always the same, whatever was called before it: {@link #replay} runs it
 * alone. The run takes a small part of the memory budgets, so that what is huge is refused soon.
 */
public final class Fuzzer {
    private static final long BUDGET = 24L << 20;
    private static final long LONGEST_MILLIS = 30_000;
    private static final long MOST_HEAP_BYTES = 512L << 20;
    private static final long MOST_GROWTH_KIB = 256L << 10;
    private static final int MOST_FAILURES = 20;

    private final Device device;
    private final long seed;
    private final FuzzTargets targets = FuzzTargets.find();
    private final Map<FuzzCall.Outcome, Long> outcomes = new EnumMap<>(FuzzCall.Outcome.class);
    private final Map<String, String> failures = new LinkedHashMap<>();
    private final Set<String> everComputed = new HashSet<>();
    private volatile long current = -1;
    private volatile long startedAt;

    /** Calls operations on {@code device}. */
    public Fuzzer(Device device, long seed) {
        this.device = device;
        this.seed = seed;
    }

    /**
     * What came of a run.
     *
     * @param calls how many were made
     * @param refused how many threw, as they should
     * @param compared how many gave the values of the reference backend
     * @param targets how many methods and operations there are to call
     * @param neverComputed the labels of those that refused whatever they were given
     * @param failures each in a sentence, with the number of its call
     */
    public record Report(
            long calls,
            long refused,
            long compared,
            int targets,
            List<String> neverComputed,
            List<String> failures) {
        public Report {
            neverComputed = List.copyOf(neverComputed);
            failures = List.copyOf(failures);
        }
    }

    /** The labels of what cannot be called, since its arguments cannot be drawn. */
    public List<String> skipped() {
        return List.copyOf(targets.skipped());
    }

    /** The labels of what is called. */
    public List<String> targets() {
        return targets.all().stream().map(FuzzTarget::label).toList();
    }

    /**
     * Makes {@code calls} calls, from number 0 on; stops early after twenty failures, or with a
     * call that does not end.
     *
     * @param progress is told how it goes, in lines of text
     */
    public Report run(long calls, Consumer<String> progress) {
        return supervised(0, calls, progress, this::drawAny);
    }

    /**
     * Calls every public method with arguments of every theme (scalars, empty, released, of many
     * dtypes, extreme numbers, ..), {@code times} each.
     */
    public Report sweep(int times) {
        List<FuzzTarget> all = targets.methods();
        long themes = HostileArguments.Theme.values().length;
        return supervised(0, all.size() * themes * times, _ -> {}, this::drawThemed);
    }

    private @Nullable FuzzCall drawThemed(long number) {
        HostileArguments.Theme[] themes = HostileArguments.Theme.values();
        List<FuzzTarget> all = targets.methods();
        FuzzTarget target = all.get((int) (number / themes.length % all.size()));
        SplittableRandom random = new SplittableRandom(seed ^ number);
        return FuzzCall.draw(target, themes[(int) (number % themes.length)], device, random);
    }

    private FuzzCall drawAny(long number) {
        return FuzzCall.draw(targets, device, seed, number);
    }

    /** Makes call {@code number} alone, and tells what it is. */
    public Report replay(long number, Consumer<String> progress) {
        progress.accept("call " + number + ": " + describe(number, this::drawAny));
        return supervised(number, number + 1, progress, this::drawAny);
    }

    private String describe(long number, LongFunction<@Nullable FuzzCall> calls) {
        try (TensorScope _ = TensorScope.open()) {
            return String.valueOf(calls.apply(number));
        }
    }

    // ---- running ----

    private Report supervised(
            long from, long to, Consumer<String> progress, LongFunction<@Nullable FuzzCall> calls) {
        MemoryPool own = Backends.forDevice(device).memory();
        MemoryPool reference = Backends.forDevice(RowCheck.REFERENCE).memory();
        long before = own.changeBudget(own.liveBytes() + BUDGET);
        long referenceBefore = reference.changeBudget(reference.liveBytes() + BUDGET);
        own.trim();
        reference.trim();
        try {
            Thread worker =
                    Thread.ofPlatform().daemon().start(() -> work(from, to, progress, calls));
            while (worker.isAlive()) {
                worker.join(200);
                if (worker.isAlive() && isHanging()) {
                    failures.put("hanging", hanging(worker, calls));
                    break;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            own.changeBudget(before);
            reference.changeBudget(referenceBefore);
        }
        return report(current - from + 1);
    }

    private Report report(long calls) {
        return new Report(
                calls,
                outcomes.getOrDefault(FuzzCall.Outcome.REFUSED, 0L),
                outcomes.getOrDefault(FuzzCall.Outcome.COMPARED, 0L),
                targets.all().size(),
                targets().stream().filter(label -> !everComputed.contains(label)).toList(),
                List.copyOf(failures.values()));
    }

    private boolean isHanging() {
        return current >= 0 && System.nanoTime() - startedAt > LONGEST_MILLIS * 1_000_000;
    }

    private String hanging(Thread worker, LongFunction<@Nullable FuzzCall> calls) {
        StringBuilder text = new StringBuilder("call " + current + " does not end: ");
        text.append(describe(current, calls));
        for (StackTraceElement frame : worker.getStackTrace()) {
            text.append("\n    at ").append(frame);
        }
        return text.toString();
    }

    private void work(
            long from, long to, Consumer<String> progress, LongFunction<@Nullable FuzzCall> calls) {
        MemoryPool memory = Backends.forDevice(device).memory();
        long live = memory.liveBytes();
        long halfWayKib = 0;
        long step = Math.max(1, (to - from) / 10);
        for (long number = from; number < to && failures.size() < MOST_FAILURES; number++) {
            startedAt = System.nanoTime();
            current = number;
            one(number, calls);
            long after = memory.liveBytes();
            if (after > live) {
                String left = "leaves " + (after - live) + " bytes behind";
                fail(number, "memory", describe(number, calls) + ": " + left, null);
            }
            // Less than before is what somebody else had left to the collector.
            live = after;
            if (number == from + (to - from) / 2) {
                halfWayKib = residentKib();
            }
            if ((number - from + 1) % step == 0 && to - from > 1) {
                progress.accept(progress(number - from + 1, memory));
            }
        }
        long growth = residentKib() - halfWayKib;
        if (to - from >= 100_000 && growth > MOST_GROWTH_KIB) {
            failures.put(
                    "growth",
                    "the process grew by " + growth + " KiB in the second half of the run");
        }
    }

    private void one(long number, LongFunction<@Nullable FuzzCall> calls) {
        long taken = once(number, calls);
        if (taken > MOST_HEAP_BYTES) {
            // Code on vectors makes an object of each until the JIT has compiled it.
            taken = once(number, calls);
        }
        if (taken > MOST_HEAP_BYTES) {
            String problem = ": takes " + taken + " bytes of the Java heap, twice";
            fail(number, "heap", describe(number, calls) + problem, null);
        }
    }

    /** Makes a call; how many bytes of the Java heap that took. */
    private long once(long number, LongFunction<@Nullable FuzzCall> calls) {
        FuzzCall call = null;
        long allocated = allocatedBytes();
        try (TensorScope _ = TensorScope.open()) {
            call = calls.apply(number);
            if (call == null) {
                return 0;
            }
            FuzzCall.Outcome outcome = call.run();
            outcomes.merge(outcome, 1L, Long::sum);
            if (outcome != FuzzCall.Outcome.REFUSED) {
                everComputed.add(call.target().label());
            }
        } catch (FuzzCall.Wrong e) {
            fail(number, label(call), call + ": " + e.getMessage(), e.getCause());
        } catch (OutOfDeviceMemoryException | HostileArguments.Refused e) {
            // The arguments, or the reference's part, do not fit into the run's small budget, or a
            // record refuses what it is to hold.
            return 0;
        } catch (Throwable e) {
            fail(number, label(call), call + ": " + e, e);
        }
        return allocatedBytes() - allocated;
    }

    private static String label(@Nullable FuzzCall call) {
        return call == null ? "drawing" : call.target().label();
    }

    /** Of failures of one kind of one target, the first is kept. */
    private void fail(long number, String label, String problem, @Nullable Throwable cause) {
        StringBuilder text = new StringBuilder("call " + number + ": " + problem);
        String kind = label;
        if (cause != null) {
            StackTraceElement[] frames = cause.getStackTrace();
            for (int i = 0; i < Math.min(8, frames.length); i++) {
                text.append("\n    at ").append(frames[i]);
            }
            kind += cause.getClass() + (frames.length > 0 ? frames[0].toString() : "");
        }
        failures.putIfAbsent(kind, text.toString());
    }

    private String progress(long done, MemoryPool memory) {
        return done
                + " calls: "
                + outcomes.getOrDefault(FuzzCall.Outcome.REFUSED, 0L)
                + " refused, "
                + outcomes.getOrDefault(FuzzCall.Outcome.COMPARED, 0L)
                + " compared, "
                + failures.size()
                + " failures; "
                + (memory.committedBytes() >> 10)
                + " KiB held of the device, process "
                + (residentKib() >> 10)
                + " MiB";
    }

    private static long allocatedBytes() {
        return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean bean
                ? bean.getCurrentThreadAllocatedBytes()
                : 0;
    }

    /** Memory that the process holds, or 0 where the system does not tell. */
    private static long residentKib() {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        try {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
        } catch (IOException e) {
            return 0;
        }
        return 0;
    }
}
