package dev.ugoki.cuda.emulated;

import dev.ugoki.cuda.driver.AttentionCall;
import dev.ugoki.cuda.driver.ConvolutionCall;
import dev.ugoki.cuda.driver.Driver;
import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.cuda.driver.MatrixProducts;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.spi.HostMemory;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The emulated device: host memory, kernels compiled by g++, plain loops for the libraries.
 *
 * <p>Work runs when it is asked for. {@linkplain Settings#deferred Deferred}, it runs when somebody
 * waits for it, and that of several streams in an order drawn from a seed, as a GPU might run it:
 * so what lacks an event between two streams, or reads a result too early, gives wrong numbers.
 */
public final class EmulatedDriver implements Driver {
    /**
     * How a device behaves.
     *
     * @param memoryBytes how much memory it has
     * @param seed the order of blocks, threads and streams; 0 for one after the other
     * @param deferred whether work waits until somebody waits for it
     * @param libraries whether there are stand-ins for cuBLASLt and cuDNN
     */
    public record Settings(long memoryBytes, long seed, boolean deferred, boolean libraries) {
        /** Of the properties {@code ugoki.cuda.emulated.memory}, {@code .seed} and so on. */
        public static Settings ofProperties() {
            return new Settings(
                    Long.getLong("ugoki.cuda.emulated.memory", DEFAULT_MEMORY),
                    Long.getLong("ugoki.cuda.emulated.seed", 0),
                    Boolean.getBoolean("ugoki.cuda.emulated.deferred"),
                    !"off".equals(System.getProperty("ugoki.cuda.emulated.libraries")));
        }

        /** As different from one after the other as a device may be. */
        public Settings shuffled() {
            return new Settings(memoryBytes, seed + 1, true, false);
        }
    }

    /** The functions of the emulator's library. */
    private record Functions(
            MethodHandle launch,
            MethodHandle message,
            MethodHandle matrixProducts,
            MethodHandle convolution,
            MethodHandle attention) {}

    private static final long DEFAULT_MEMORY = 4L << 30;
    private static final HostMemory HOST = new HostMemory();
    private static final Object RUNNING = new Object();

    private final Settings settings;
    private final Functions functions;
    private final AtomicLong allocated = new AtomicLong();
    private final Map<Long, Long> blocks = new ConcurrentHashMap<>();
    private final Map<Long, Stream> streams = new ConcurrentHashMap<>();
    private final Map<Long, Event> events = new ConcurrentHashMap<>();
    private final Map<Long, List<Runnable>> graphs = new ConcurrentHashMap<>();
    private final Map<KernelBatch, SymbolLookup> libraries = new ConcurrentHashMap<>();
    private final Map<Long, KernelCode> kernels = new ConcurrentHashMap<>();
    private final AtomicLong launches = new AtomicLong();
    private final AtomicLong graphLaunches = new AtomicLong();
    private final AtomicLong handles = new AtomicLong();
    private long random;

    /** Work that waits, oldest first; how much was asked for and run, ever. */
    private static final class Stream {
        final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
        long asked;
        long done;
        @Nullable List<Runnable> captured;
    }

    private static final class Event {
        @Nullable Stream stream;
        long asked;
    }

    /** A device of its own. */
    public EmulatedDriver(Settings settings) {
        this.settings = settings;
        this.random = settings.seed() * 0x9E3779B97F4A7C15L + 1;
        this.functions = functions(HostCompiler.runtime());
    }

    @SuppressWarnings("restricted")
    private static Functions functions(Path library) {
        SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
        Linker linker = Linker.nativeLinker();
        var i = ValueLayout.JAVA_INT;
        var l = ValueLayout.JAVA_LONG;
        return new Functions(
                linker.downcallHandle(
                        symbols.findOrThrow("ugoki_launch"),
                        FunctionDescriptor.of(i, l, i, i, i, l, l, l)),
                linker.downcallHandle(
                        symbols.findOrThrow("ugoki_message"), FunctionDescriptor.of(l)),
                linker.downcallHandle(
                        symbols.findOrThrow("ugoki_matrix_products"),
                        FunctionDescriptor.ofVoid(i, l)),
                linker.downcallHandle(
                        symbols.findOrThrow("ugoki_convolution"),
                        FunctionDescriptor.ofVoid(i, i, l)),
                linker.downcallHandle(
                        symbols.findOrThrow("ugoki_attention"), FunctionDescriptor.ofVoid(i, l)));
    }

    /** Compiles what was never compiled of these, side by side. */
    public static void prepare(List<KernelBatch> batches) {
        HostCompiler.runtime();
        batches.parallelStream().forEach(b -> HostCompiler.library(b.name(), b.unit()));
    }

    @Override
    public List<String> describe() {
        return List.of(
                "emulated: the kernels run on host memory, compiled by g++; for tests",
                "streams: " + (settings.deferred() ? "deferred" : "immediate"),
                "order of threads: "
                        + (settings.seed() == 0
                                ? "ascending"
                                : "drawn from seed " + settings.seed()));
    }

    @Override
    public long memoryBytes() {
        return settings.memoryBytes();
    }

    @Override
    public void enter() {
        // There is no context to make current.
    }

    @Override
    public long allocate(long bytes) {
        if (allocated.addAndGet(bytes) > settings.memoryBytes()) {
            allocated.addAndGet(-bytes);
            return 0;
        }
        long address = HOST.allocate(bytes);
        if (address == 0) {
            allocated.addAndGet(-bytes);
        } else {
            blocks.put(address, bytes);
        }
        return address;
    }

    @Override
    public void free(long address) {
        synchronize();
        Long bytes = blocks.remove(address);
        if (bytes == null) {
            throw new IllegalStateException("emulated device: free of what was not allocated");
        }
        allocated.addAndGet(-bytes);
        HOST.free(address, bytes);
    }

    /** Kernels that were started so far. */
    public long launches() {
        return launches.get();
    }

    /** Graphs that were started so far. */
    public long graphLaunches() {
        return graphLaunches.get();
    }

    /** Graphs that there are. */
    public int graphCount() {
        return graphs.size();
    }

    /** Bytes that are allocated now. */
    public long allocatedBytes() {
        return allocated.get();
    }

    @Override
    public long allocatePinned(long bytes) {
        return HOST.allocate(bytes);
    }

    @Override
    public void freePinned(long address) {
        HOST.free(address, 0);
    }

    @Override
    public long createStream() {
        long handle = handles.incrementAndGet();
        streams.put(handle, new Stream());
        return handle;
    }

    @Override
    public void destroyStream(long stream) {
        synchronize(stream);
        streams.remove(stream);
    }

    private Stream stream(long handle) {
        Stream stream = streams.get(handle);
        if (stream == null) {
            throw new IllegalStateException("emulated device: there is no stream " + handle);
        }
        return stream;
    }

    /** Runs work now, later or in a graph. */
    private void ask(long handle, Runnable work) {
        Stream stream = stream(handle);
        synchronized (RUNNING) {
            if (stream.captured != null) {
                stream.captured.add(work);
            } else if (settings.deferred()) {
                stream.waiting.add(work);
                stream.asked++;
            } else {
                work.run();
            }
        }
    }

    private static void requireNoCapture(Stream stream, String what) {
        if (stream.captured != null) {
            throw new IllegalStateException(
                    "emulated device: " + what + " is not allowed while a stream is captured");
        }
    }

    private void runNext(Stream stream) {
        Runnable work = stream.waiting.remove();
        work.run();
        stream.done++;
    }

    @Override
    public void synchronize(long handle) {
        Stream stream = stream(handle);
        synchronized (RUNNING) {
            requireNoCapture(stream, "waiting");
            while (!stream.waiting.isEmpty()) {
                // Others may run first: nothing says that they must not.
                runNext(random() % 2 == 0 ? stream : anyBusy(stream));
            }
        }
    }

    private long random() {
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        return random >>> 33;
    }

    private Stream anyBusy(Stream otherwise) {
        List<Stream> busy = streams.values().stream().filter(s -> !s.waiting.isEmpty()).toList();
        return busy.isEmpty() ? otherwise : busy.get((int) (random() % busy.size()));
    }

    @Override
    public void synchronize() {
        streams.keySet().forEach(this::synchronizeUnlessCaptured);
    }

    private void synchronizeUnlessCaptured(long handle) {
        Stream stream = streams.get(handle);
        if (stream != null && stream.captured == null) {
            synchronize(handle);
        }
    }

    @Override
    public void copyToDevice(long device, long pinned, long bytes, long stream) {
        ask(stream, () -> copy(pinned, device, bytes));
    }

    @Override
    public void copyToHost(long pinned, long device, long bytes, long stream) {
        ask(stream, () -> copy(device, pinned, bytes));
    }

    private static void copy(long from, long to, long bytes) {
        HostMemory.segment(to, bytes).copyFrom(HostMemory.segment(from, bytes));
    }

    @Override
    public void clear(long device, long bytes, long stream) {
        ask(stream, () -> HostMemory.segment(device, bytes).fill((byte) 0));
    }

    @Override
    public long load(KernelCode kernel) {
        long address =
                libraries
                        .computeIfAbsent(kernel.batch(), EmulatedDriver::open)
                        .findOrThrow(kernel.name())
                        .address();
        kernels.put(address, kernel);
        return address;
    }

    @SuppressWarnings("restricted")
    private static SymbolLookup open(KernelBatch batch) {
        Path library = HostCompiler.library(batch.name(), batch.unit());
        return SymbolLookup.libraryLookup(library, Arena.global());
    }

    @Override
    public void launch(
            long function,
            long gridX,
            int gridY,
            int threads,
            int sharedBytes,
            long arguments,
            int argumentBytes,
            long stream) {
        launches.incrementAndGet();
        if (settings.deferred() || stream(stream).captured != null) {
            byte[] copy =
                    HostMemory.segment(arguments, argumentBytes).toArray(ValueLayout.JAVA_BYTE);
            ask(
                    stream,
                    () -> {
                        try (Arena arena = Arena.ofConfined()) {
                            MemorySegment kept = arena.allocate(copy.length, 8);
                            kept.copyFrom(MemorySegment.ofArray(copy));
                            long at = kept.address();
                            launchNow(function, gridX, gridY, threads, sharedBytes, at);
                        }
                    });
        } else {
            synchronized (RUNNING) {
                launchNow(function, gridX, gridY, threads, sharedBytes, arguments);
            }
        }
    }

    private void launchNow(
            long function, long gridX, int gridY, int threads, int sharedBytes, long arguments) {
        int failed;
        try {
            failed =
                    (int)
                            functions
                                    .launch()
                                    .invokeExact(
                                            function,
                                            Math.toIntExact(gridX),
                                            gridY,
                                            threads,
                                            (long) sharedBytes,
                                            arguments,
                                            settings.seed() == 0 ? 0L : random() + 1);
        } catch (Throwable e) {
            throw new IllegalStateException("the emulator could not be called", e);
        }
        if (failed != 0) {
            throw new IllegalStateException(
                    "emulated device: kernel " + kernels.get(function) + ": " + message());
        }
    }

    private String message() {
        try {
            return HostMemory.segment((long) functions.message().invokeExact(), 512).getString(0);
        } catch (Throwable e) {
            throw new IllegalStateException("the emulator could not be called", e);
        }
    }

    @Override
    public long createEvent() {
        long handle = handles.incrementAndGet();
        events.put(handle, new Event());
        return handle;
    }

    @Override
    public void destroyEvent(long event) {
        events.remove(event);
    }

    private Event event(long handle) {
        Event event = events.get(handle);
        if (event == null) {
            throw new IllegalStateException("emulated device: there is no event " + handle);
        }
        return event;
    }

    @Override
    public void record(long handle, long stream) {
        Event event = event(handle);
        synchronized (RUNNING) {
            event.stream = stream(stream);
            event.asked = stream(stream).asked;
        }
    }

    @Override
    public void waitFor(long handle, long stream) {
        Event event = event(handle);
        Stream before = event.stream;
        if (before != null && settings.deferred()) {
            long asked = event.asked;
            ask(
                    stream,
                    () -> {
                        while (before.done < asked) {
                            runNext(before);
                        }
                    });
        }
    }

    @Override
    public void beginCapture(long handle) {
        Stream stream = stream(handle);
        synchronized (RUNNING) {
            requireNoCapture(stream, "a second capture");
            stream.captured = new ArrayList<>();
        }
    }

    @Override
    public long endCapture(long handle) {
        Stream stream = stream(handle);
        synchronized (RUNNING) {
            List<Runnable> captured = stream.captured;
            if (captured == null) {
                throw new IllegalStateException("emulated device: no capture to end");
            }
            stream.captured = null;
            long graph = handles.incrementAndGet();
            graphs.put(graph, captured);
            return graph;
        }
    }

    @Override
    public void launchGraph(long graph, long stream) {
        List<Runnable> work = graphs.get(graph);
        if (work == null) {
            throw new IllegalStateException("emulated device: there is no graph " + graph);
        }
        graphLaunches.incrementAndGet();
        work.forEach(each -> ask(stream, each));
    }

    @Override
    public void destroyGraph(long graph) {
        graphs.remove(graph);
    }

    @Override
    public boolean canMultiply(MatrixProducts products) {
        return settings.libraries() && products.dtype().isFloating();
    }

    @Override
    public void multiply(MatrixProducts p, long stream) {
        long[] words = {
            p.batches(),
            p.m(),
            p.n(),
            p.k(),
            p.a(),
            p.b(),
            p.c(),
            p.aBatch(),
            p.aRow(),
            p.aColumn(),
            p.bBatch(),
            p.bRow(),
            p.bColumn(),
            p.bias(),
            p.last().ordinal()
        };
        int dtype = number(p.dtype());
        ask(
                stream,
                () ->
                        withWords(
                                words,
                                address -> {
                                    functions.matrixProducts().invokeExact(dtype, address);
                                }));
    }

    /** A native function of the address of its arguments. */
    @FunctionalInterface
    private interface Native {
        void call(long address) throws Throwable;
    }

    private static void withWords(long[] words, Native function) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_LONG, words);
            function.call(memory.address());
        } catch (Throwable e) {
            throw new IllegalStateException("the emulator's library could not be called", e);
        }
    }

    @Override
    public boolean canConvolve(ConvolutionCall call) {
        return settings.libraries() && call.dtype().isFloating();
    }

    @Override
    public void convolve(ConvolutionCall c, long stream) {
        long[] words = new long[35];
        words[0] = c.n();
        words[1] = c.c();
        words[2] = c.o();
        words[3] = c.groups();
        words[4] = c.x().length;
        long[][] spatial = {c.x(), c.w(), c.y(), c.strides(), c.before(), c.dilations()};
        for (int i = 0; i < spatial.length; i++) {
            System.arraycopy(spatial[i], 0, words, 5 + 4 * i, spatial[i].length);
        }
        words[29] = ConvolutionCall.size(c.x());
        words[30] = ConvolutionCall.size(c.w());
        words[31] = ConvolutionCall.size(c.y());
        words[32] = c.first();
        words[33] = c.second();
        words[34] = c.result();
        int dtype = number(c.dtype());
        int kind = c.kind().ordinal();
        ask(
                stream,
                () ->
                        withWords(
                                words,
                                address -> {
                                    functions.convolution().invokeExact(dtype, kind, address);
                                }));
    }

    @Override
    public boolean canAttend(AttentionCall call) {
        return settings.libraries();
    }

    @Override
    public void attend(AttentionCall c, long stream) {
        long[] words = new long[33];
        words[0] = c.outer();
        words[1] = c.inner();
        words[2] = c.queries();
        words[3] = c.keys();
        words[4] = c.width();
        words[5] = c.valueWidth();
        words[6] = Double.doubleToRawLongBits(c.scale());
        words[7] = c.causal() ? 1 : 0;
        int at = 8;
        for (AttentionCall.Rows rows : List.of(c.q(), c.k(), c.v(), c.y(), c.g())) {
            words[at++] = rows.address();
            words[at++] = rows.outer();
            words[at++] = rows.inner();
            words[at++] = rows.row();
        }
        words[28] = c.logarithms();
        words[29] = c.first();
        words[30] = c.second();
        words[31] = c.third();
        words[32] = c.kind().ordinal();
        int dtype = number(c.dtype());
        ask(
                stream,
                () ->
                        withWords(
                                words,
                                address -> {
                                    functions.attention().invokeExact(dtype, address);
                                }));
    }

    private static int number(DType dtype) {
        return Arrays.asList(DType.F64, DType.F32, DType.F16, DType.BF16).indexOf(dtype);
    }
}
