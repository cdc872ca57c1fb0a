package dev.ugoki.cpu.generated;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.ThreadMXBean;

import dev.ugoki.cpu.generated.Workload.Form;
import dev.ugoki.cpu.generated.Workload.Kind;
import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.Kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Measures generated kernels beside hand-written ones and beside one pass per operation, warm and
 * cold, and writes a table.
 *
 * <p>{@code java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED
 * -XX:Tier3DelayOn=1000 -cp ... dev.ugoki.cpu.generated.GeneratorMeasurement TABLE.md}
 */
final class GeneratorMeasurement {
    private static final long[] ROW_COUNTS = {20, 2000};
    private static final int ROUNDS = 7;
    private static final double ROUND_SECONDS = 0.02;
    private static final double COLD_SECONDS = 4;

    private GeneratorMeasurement() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 4 && arguments[0].equals("cold")) {
            long rows = Long.parseLong(arguments[3]);
            System.out.print(cold(Kind.valueOf(arguments[1]), Form.valueOf(arguments[2]), rows));
        } else if (arguments.length == 1) {
            write(Path.of(arguments[0]), table());
        } else {
            System.err.println("usage: GeneratorMeasurement TABLE.md");
            System.exit(2);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Path temporary = Path.of(file + ".tmp");
        Files.writeString(temporary, text);
        Files.move(
                temporary,
                file,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    private static String table() throws IOException {
        StringBuilder text = new StringBuilder("# Generated kernels\n\n");
        text.append("One thread, ").append(VectorWidth.PREFERRED.lanes());
        text.append(" lanes, Java ").append(Runtime.version()).append(", 512 columns. ");
        text.append("Microseconds per call, median of ").append(ROUNDS);
        text.append(" interleaved rounds; ratios above 1 mean that generated code is faster.\n\n");
        text.append("## Warm\n\n");
        warm(text);
        text.append("\n## Cold: a new virtual machine, the kernel its first work\n\n");
        text.append("Milliseconds to the first result; until calls come within 1.3 times the ");
        text.append("best; the best.\n\n");
        coldTable(text);
        text.append("\n## A new kernel in a running virtual machine\n\n");
        newKernels(text);
        return text.toString();
    }

    private static void warm(StringBuilder text) {
        text.append("| computation | elements | generated | GB/s | hand-written | per operation |");
        text.append(" interpreted | hand/gen | per op/gen | bytes/call | bits as interpreted |\n");
        text.append("|---|---|---|---|---|---|---|---|---|---|---|\n");
        for (Kind kind : Kind.values()) {
            for (long rows : ROW_COUNTS) {
                try (Arena arena = Arena.ofConfined()) {
                    text.append(warmRow(kind, rows, new Workload(kind, rows, arena)));
                }
            }
        }
    }

    private static String warmRow(Kind kind, long rows, Workload workload) {
        Map<Form, Runnable> forms = new EnumMap<>(Form.class);
        for (Form form : Form.values()) {
            forms.put(form, workload.form(form));
            long until = System.nanoTime() + 2_500_000_000L;
            while (System.nanoTime() < until) {
                forms.get(form).run();
            }
        }
        Map<Form, Double> micros = medians(forms);
        double generated = micros.get(Form.GENERATED);
        String row =
                "| %s | %d | %.2f | %.1f | %.2f | %.2f | %.1f | %.2f | %.2f | %d | %s |%n"
                        .formatted(
                                kind,
                                rows * Workload.COLUMNS,
                                generated,
                                workload.bytes() / generated / 1e3,
                                micros.get(Form.HAND_WRITTEN),
                                micros.get(Form.PER_OPERATION),
                                micros.get(Form.INTERPRETED),
                                micros.get(Form.HAND_WRITTEN) / generated,
                                micros.get(Form.PER_OPERATION) / generated,
                                bytesPerCall(forms.get(Form.GENERATED)),
                                sameBits(workload, forms) ? "yes" : "NO");
        System.out.print(row);
        return row;
    }

    private static Map<Form, Double> medians(Map<Form, Runnable> forms) {
        Map<Form, double[]> rounds = new EnumMap<>(Form.class);
        forms.keySet().forEach(form -> rounds.put(form, new double[ROUNDS]));
        for (int round = 0; round < ROUNDS; round++) {
            for (Form form : forms.keySet()) {
                rounds.get(form)[round] = microsPerCall(forms.get(form));
            }
        }
        Map<Form, Double> medians = new EnumMap<>(Form.class);
        rounds.forEach(
                (form, times) -> {
                    Arrays.sort(times);
                    medians.put(form, times[ROUNDS / 2]);
                });
        return medians;
    }

    private static double microsPerCall(Runnable form) {
        long begin = System.nanoTime();
        long now = begin;
        int calls = 0;
        while (now - begin < ROUND_SECONDS * 1e9) {
            form.run();
            calls++;
            now = System.nanoTime();
        }
        return (now - begin) / 1e3 / calls;
    }

    private static long bytesPerCall(Runnable form) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int call = 0; call < 20; call++) {
            form.run();
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / 20;
    }

    private static boolean sameBits(Workload workload, Map<Form, Runnable> forms) {
        forms.get(Form.GENERATED).run();
        List<float[]> generated = workload.operands().outputs();
        forms.get(Form.INTERPRETED).run();
        List<float[]> interpreted = workload.operands().outputs();
        for (int k = 0; k < generated.size(); k++) {
            if (!Arrays.equals(generated.get(k), interpreted.get(k))) {
                return false;
            }
        }
        return true;
    }

    private static void coldTable(StringBuilder text) throws IOException {
        text.append("| computation | elements |");
        for (Form form : List.of(Form.GENERATED, Form.HAND_WRITTEN, Form.PER_OPERATION)) {
            text.append(' ').append(form).append(": first | to peak | best |");
        }
        text.append("\n|---|---|").append("---|---|---|".repeat(3)).append('\n');
        for (Kind kind : Kind.values()) {
            for (long rows : ROW_COUNTS) {
                StringBuilder row = new StringBuilder();
                row.append("| %s | %d |".formatted(kind, rows * Workload.COLUMNS));
                for (Form form : List.of(Form.GENERATED, Form.HAND_WRITTEN, Form.PER_OPERATION)) {
                    row.append(inNewMachine(kind, form, rows));
                }
                System.out.println(row);
                text.append(row).append('\n');
            }
        }
    }

    private static String inNewMachine(Kind kind, Form form, long rows) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(GeneratorMeasurement.class.getName());
        command.addAll(List.of("cold", kind.name(), form.name(), Long.toString(rows)));
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        return new String(process.getInputStream().readAllBytes(), UTF_8);
    }

    private static String cold(Kind kind, Form form, long rows) {
        try (Arena arena = Arena.ofConfined()) {
            Workload workload = new Workload(kind, rows, arena);
            long begin = System.nanoTime();
            Runnable run = workload.form(form);
            List<long[]> calls = new ArrayList<>();
            long now = begin;
            while (now - begin < COLD_SECONDS * 1e9) {
                long start = now;
                run.run();
                now = System.nanoTime();
                calls.add(new long[] {now - begin, now - start});
            }
            long best = calls.stream().mapToLong(call -> call[1]).min().orElseThrow();
            return " %.1f | %.0f | %.4f |"
                    .formatted(
                            calls.getFirst()[0] / 1e6, timeToPeak(calls, best) / 1e6, best / 1e6);
        }
    }

    /** When eight calls in a row had a median near the best. */
    private static long timeToPeak(List<long[]> calls, long best) {
        for (int i = 0; i + 8 <= calls.size(); i++) {
            long[] times = calls.subList(i, i + 8).stream().mapToLong(c -> c[1]).sorted().toArray();
            if (times[4] <= 1.3 * best) {
                return calls.get(i)[0];
            }
        }
        return calls.getLast()[0];
    }

    private static void newKernels(StringBuilder text) {
        text.append("| kernel | instructions | generate and define, ms | until compiled, ms |\n");
        text.append("|---|---|---|---|\n");
        Map<String, Kernel> kernels =
                Map.of(
                        "x + c", SampleKernels.unary(x -> x.plus(0.8125f)),
                        "exp(c x)", SampleKernels.unary(x -> ElementaryFunctions.exp(x.times(3f))),
                        "gelu(c x)", SampleKernels.unary(x -> Activations.gelu(x.times(3f))),
                        "log1p(gelu(c x))",
                                SampleKernels.unary(
                                        x ->
                                                ElementaryFunctions.log1p(
                                                        Activations.gelu(x.times(5f)))));
        kernels.entrySet().stream()
                .sorted(
                        java.util.Comparator.comparingInt(
                                entry -> entry.getValue().instructions().size()))
                .forEach(
                        entry -> {
                            Kernel kernel = entry.getValue();
                            long begin = System.nanoTime();
                            KernelCode code =
                                    KernelClass.define(
                                            kernel, LoopShape.FLAT, VectorWidth.PREFERRED);
                            long defined = System.nanoTime();
                            boolean warm = warm(kernel, code);
                            long compiled = System.nanoTime();
                            text.append(
                                    "| %s | %d | %.2f | %s |%n"
                                            .formatted(
                                                    entry.getKey(),
                                                    kernel.instructions().size(),
                                                    (defined - begin) / 1e6,
                                                    warm
                                                            ? "%.0f"
                                                                    .formatted(
                                                                            (compiled - defined)
                                                                                    / 1e6)
                                                            : "not within 30 s"));
                        });
    }

    private static boolean warm(Kernel kernel, KernelCode code) {
        try (Arena arena = Arena.ofConfined()) {
            return WarmUp.run(WarmUp.exercise(kernel, code, LoopShape.FLAT, arena), 30)
                    == WarmUp.Outcome.WARM;
        }
    }
}
