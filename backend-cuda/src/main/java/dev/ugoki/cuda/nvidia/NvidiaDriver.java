package dev.ugoki.cuda.nvidia;

import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_OUT_OF_MEMORY;
import static org.bytedeco.cuda.global.cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static org.bytedeco.cuda.global.cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static org.bytedeco.cuda.global.cudart.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
import static org.bytedeco.cuda.global.cudart.CU_EVENT_DISABLE_TIMING;
import static org.bytedeco.cuda.global.cudart.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static org.bytedeco.cuda.global.cudart.CU_STREAM_CAPTURE_MODE_RELAXED;
import static org.bytedeco.cuda.global.cudart.CU_STREAM_NON_BLOCKING;

import dev.ugoki.cuda.driver.AttentionCall;
import dev.ugoki.cuda.driver.CompiledCode;
import dev.ugoki.cuda.driver.ConvolutionCall;
import dev.ugoki.cuda.driver.Driver;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.cuda.driver.MatrixProducts;

import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A GPU through CUDA's driver interface, NVRTC, cuBLASLt and cuDNN. The context is the primary one,
 * which the libraries share. Cubins are kept on disk by content.
 *
 * <p>Only this package names CUDA's classes; nothing loads it before {@link #open}.
 */
public final class NvidiaDriver implements Driver {
    /** An address as JavaCPP wants it, owned by nobody. */
    static final class Raw extends Pointer {
        Raw(long address) {
            this.address = address;
        }
    }

    /** The pointer table of a launch: one entry, the structure that the kernel takes. */
    private static final class Table {
        final MemorySegment cell = Arena.ofAuto().allocate(8, 8);
        final Raw pointer = new Raw(cell.address());
    }

    private static final ThreadLocal<Table> TABLE = ThreadLocal.withInitial(Table::new);
    private static final Pointer NONE = new Raw(0);

    private final int index;
    private final CudaLibraries libraries;
    private final CUctx_st context = new CUctx_st();
    private final ThreadLocal<Boolean> entered = ThreadLocal.withInitial(() -> false);
    private final String architecture;
    private final int sharedBytes;
    private final String name;
    private final List<CUfunc_st> functions = new CopyOnWriteArrayList<>();
    private final Map<Long, CUstream_st> streams = new ConcurrentHashMap<>();
    private final AtomicInteger compiled = new AtomicInteger();
    private final ProductLibrary products;
    private final DnnStreams dnnStreams = new DnnStreams(this);
    private final ConvolutionLibrary convolutions;
    private final AttentionLibrary attention;

    private NvidiaDriver(int index, CudaLibraries libraries) {
        this.index = index;
        this.libraries = libraries;
        check("cuInit", cudart.cuInit(0));
        int[] device = new int[1];
        check("cuDeviceGet", cudart.cuDeviceGet(device, index));
        check("cuDevicePrimaryCtxRetain", cudart.cuDevicePrimaryCtxRetain(context, device[0]));
        enter();
        int major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device[0]);
        int minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device[0]);
        this.architecture = "sm_" + major + minor;
        this.sharedBytes =
                attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, device[0]);
        byte[] text = new byte[256];
        check("cuDeviceGetName", cudart.cuDeviceGetName(text, text.length, device[0]));
        this.name = new String(text, StandardCharsets.UTF_8).replaceAll("\0.*", "");
        this.products = new ProductLibrary(this);
        this.convolutions = new ConvolutionLibrary(dnnStreams, libraries.hasCudnn());
        this.attention =
                new AttentionLibrary(
                        dnnStreams,
                        libraries.cudnnGraphs().map(DnnGraphs::new).orElse(null),
                        10 * major + minor);
    }

    /** Opens a device that {@link CudaLibraries} has found usable. */
    public static Driver open(int index) {
        CudaLibraries libraries = CudaLibraries.ofThisMachine();
        try {
            libraries.load();
            return new NvidiaDriver(index, libraries);
        } catch (LinkageError e) {
            throw new IllegalStateException(
                    "cuda: a library does not load: "
                            + e.getMessage()
                            + "; if it is one of the bindings (libjni..), add org.bytedeco:cuda and"
                            + " org.bytedeco:javacpp with the classifier"
                            + " of this platform; found: "
                            + libraries.describe(),
                    e);
        }
    }

    private static int attribute(int attribute, int device) {
        int[] value = new int[1];
        check("cuDeviceGetAttribute", cudart.cuDeviceGetAttribute(value, attribute, device));
        return value[0];
    }

    static void check(String call, int status) {
        if (status != 0) {
            throw new IllegalStateException("cuda: " + call + ": " + describe(status));
        }
    }

    private static String describe(int status) {
        try (PointerPointer<BytePointer> cell = new PointerPointer<>(2)) {
            cudart.cuGetErrorName(status, cell);
            BytePointer errorName = cell.get(BytePointer.class, 0);
            cudart.cuGetErrorString(status, cell);
            BytePointer text = cell.get(BytePointer.class, 0);
            return status
                    + (errorName == null ? "" : " " + errorName.getString())
                    + (text == null ? "" : ", " + text.getString());
        }
    }

    @Override
    public List<String> describe() {
        int[] version = new int[1];
        check("cuDriverGetVersion", cudart.cuDriverGetVersion(version));
        int[] major = new int[1];
        int[] minor = new int[1];
        nvrtc.nvrtcVersion(major, minor);
        List<String> lines = new ArrayList<>();
        lines.add("%s, %s, %d MiB".formatted(name, architecture, memoryBytes() >> 20));
        lines.add(
                "driver: CUDA up to %s; NVRTC %d.%d; cuBLASLt %s; cuDNN %s"
                        .formatted(
                                CudaLibraries.versionText(version[0]),
                                major[0],
                                minor[0],
                                products.version(),
                                convolutions.version()));
        lines.add("compiled kernels: " + CompiledCode.folder() + " (-Dugoki.cuda.cache=FOLDER)");
        lines.addAll(libraries.describe());
        return lines;
    }

    @Override
    public long memoryBytes() {
        enter();
        try (SizeTPointer free = new SizeTPointer(1);
                SizeTPointer total = new SizeTPointer(1)) {
            check("cuMemGetInfo", cudart.cuMemGetInfo(free, total));
            return total.get();
        }
    }

    @Override
    public void enter() {
        if (!entered.get()) {
            check("cuCtxSetCurrent", cudart.cuCtxSetCurrent(context));
            entered.set(true);
        }
    }

    @Override
    public long allocate(long bytes) {
        long[] address = new long[1];
        int status = cudart.cuMemAlloc(address, bytes);
        if (status == CUDA_ERROR_OUT_OF_MEMORY) {
            return 0;
        }
        check("cuMemAlloc", status);
        return address[0];
    }

    @Override
    public void free(long address) {
        check("cuMemFree", cudart.cuMemFree(address));
    }

    @Override
    public long allocatePinned(long bytes) {
        try (PointerPointer<Pointer> cell = new PointerPointer<>(1)) {
            check("cuMemHostAlloc", cudart.cuMemHostAlloc(cell, bytes, 0));
            return cell.get().address();
        }
    }

    @Override
    public void freePinned(long address) {
        check("cuMemFreeHost", cudart.cuMemFreeHost(new Raw(address)));
    }

    CUstream_st stream(long handle) {
        CUstream_st stream = streams.get(handle);
        if (stream == null) {
            throw new IllegalStateException("cuda: there is no stream " + handle);
        }
        return stream;
    }

    @Override
    public long createStream() {
        CUstream_st stream = new CUstream_st();
        check("cuStreamCreate", cudart.cuStreamCreate(stream, CU_STREAM_NON_BLOCKING));
        streams.put(stream.address(), stream);
        return stream.address();
    }

    @Override
    public void destroyStream(long handle) {
        products.forget(handle);
        dnnStreams.forget(handle);
        check("cuStreamDestroy", cudart.cuStreamDestroy(stream(handle)));
        streams.remove(handle);
    }

    @Override
    public void copyToDevice(long device, long pinned, long bytes, long stream) {
        check(
                "cuMemcpyHtoDAsync",
                cudart.cuMemcpyHtoDAsync(device, new Raw(pinned), bytes, stream(stream)));
    }

    @Override
    public void copyToHost(long pinned, long device, long bytes, long stream) {
        check(
                "cuMemcpyDtoHAsync",
                cudart.cuMemcpyDtoHAsync(new Raw(pinned), device, bytes, stream(stream)));
    }

    @Override
    public void clear(long device, long bytes, long stream) {
        check("cuMemsetD8Async", cudart.cuMemsetD8Async(device, (byte) 0, bytes, stream(stream)));
    }

    @Override
    public long load(KernelCode kernel) {
        byte[] cubin = cubin(kernel);
        CUmod_st module = new CUmod_st();
        try (BytePointer image = new BytePointer(cubin)) {
            check("cuModuleLoadData", cudart.cuModuleLoadData(module, image));
        }
        CUfunc_st function = new CUfunc_st();
        check(
                "cuModuleGetFunction " + kernel,
                cudart.cuModuleGetFunction(function, module, kernel.name()));
        check(
                "cuFuncSetAttribute " + kernel,
                cudart.cuFuncSetAttribute(
                        function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes));
        synchronized (functions) {
            functions.add(function);
            return functions.size();
        }
    }

    private byte[] cubin(KernelCode kernel) {
        int[] major = new int[1];
        int[] minor = new int[1];
        nvrtc.nvrtcVersion(major, minor);
        List<String> options =
                List.of("--gpu-architecture=" + architecture, "--std=c++17", "--fmad=false");
        String version = major[0] + "." + minor[0];
        Path file =
                CompiledCode.file(
                        kernel.name(), ".cubin", kernel.unit(), version, options.toString());
        try {
            if (Files.exists(file)) {
                return Files.readAllBytes(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] cubin = compile(kernel, options);
        compiled.incrementAndGet();
        CompiledCode.write(file, cubin);
        return cubin;
    }

    private static byte[] compile(KernelCode kernel, List<String> options) {
        _nvrtcProgram program = new _nvrtcProgram();
        try (BytePointer source = new BytePointer(kernel.unit(), StandardCharsets.UTF_8);
                BytePointer file = new BytePointer(kernel.name() + ".cu", StandardCharsets.UTF_8);
                PointerPointer<BytePointer> arguments =
                        new PointerPointer<>(options.toArray(String[]::new));
                SizeTPointer size = new SizeTPointer(1)) {
            checkCompiler(
                    nvrtc.nvrtcCreateProgram(
                            program,
                            source,
                            file,
                            0,
                            (PointerPointer<?>) null,
                            (PointerPointer<?>) null));
            try {
                int status = nvrtc.nvrtcCompileProgram(program, options.size(), arguments);
                if (status != 0) {
                    nvrtc.nvrtcGetProgramLogSize(program, size);
                    byte[] log = new byte[(int) size.get()];
                    nvrtc.nvrtcGetProgramLog(program, log);
                    throw new IllegalStateException(
                            "cuda: kernel "
                                    + kernel
                                    + " does not compile:\n"
                                    + new String(log, StandardCharsets.UTF_8));
                }
                checkCompiler(nvrtc.nvrtcGetCUBINSize(program, size));
                byte[] cubin = new byte[(int) size.get()];
                checkCompiler(nvrtc.nvrtcGetCUBIN(program, cubin));
                return cubin;
            } finally {
                nvrtc.nvrtcDestroyProgram(program);
            }
        }
    }

    private static void checkCompiler(int status) {
        if (status != 0) {
            throw new IllegalStateException(
                    "cuda: NVRTC: " + nvrtc.nvrtcGetErrorString(status).getString());
        }
    }

    @Override
    public void launch(
            long function,
            long gridX,
            int gridY,
            int threads,
            int shared,
            long arguments,
            int argumentBytes,
            long stream) {
        Table table = TABLE.get();
        table.cell.set(ValueLayout.JAVA_LONG, 0, arguments);
        CUfunc_st code = functions.get((int) function - 1);
        int status =
                cudart.cuLaunchKernel(
                        code,
                        Math.toIntExact(gridX),
                        gridY,
                        1,
                        threads,
                        1,
                        1,
                        shared,
                        stream(stream),
                        table.pointer,
                        NONE);
        check("cuLaunchKernel", status);
    }

    @Override
    public void synchronize(long stream) {
        check("cuStreamSynchronize", cudart.cuStreamSynchronize(stream(stream)));
    }

    @Override
    public void synchronize() {
        check("cuCtxSynchronize", cudart.cuCtxSynchronize());
    }

    @Override
    public long createEvent() {
        CUevent_st event = new CUevent_st();
        check("cuEventCreate", cudart.cuEventCreate(event, CU_EVENT_DISABLE_TIMING));
        return event.address();
    }

    private static CUevent_st event(long handle) {
        return new CUevent_st(new Raw(handle));
    }

    @Override
    public void destroyEvent(long event) {
        check("cuEventDestroy", cudart.cuEventDestroy(event(event)));
    }

    @Override
    public void record(long event, long stream) {
        check("cuEventRecord", cudart.cuEventRecord(event(event), stream(stream)));
    }

    @Override
    public void waitFor(long event, long stream) {
        check("cuStreamWaitEvent", cudart.cuStreamWaitEvent(stream(stream), event(event), 0));
    }

    @Override
    public void beginCapture(long stream) {
        // What the libraries allocate for a stream they allocate now.
        products.prepare(stream);
        convolutions.prepare(stream);
        attention.prepare(stream);
        check(
                "cuStreamBeginCapture",
                cudart.cuStreamBeginCapture(stream(stream), CU_STREAM_CAPTURE_MODE_RELAXED));
    }

    @Override
    public long endCapture(long stream) {
        CUgraph_st graph = new CUgraph_st();
        check("cuStreamEndCapture", cudart.cuStreamEndCapture(stream(stream), graph));
        CUgraphExec_st executable = new CUgraphExec_st();
        check("cuGraphInstantiate", cudart.cuGraphInstantiate(executable, graph, 0));
        check("cuGraphDestroy", cudart.cuGraphDestroy(graph));
        return executable.address();
    }

    @Override
    public void launchGraph(long graph, long stream) {
        check(
                "cuGraphLaunch",
                cudart.cuGraphLaunch(new CUgraphExec_st(new Raw(graph)), stream(stream)));
    }

    @Override
    public void destroyGraph(long graph) {
        check("cuGraphExecDestroy", cudart.cuGraphExecDestroy(new CUgraphExec_st(new Raw(graph))));
    }

    @Override
    public boolean canMultiply(MatrixProducts call) {
        return products.takes(call);
    }

    @Override
    public void multiply(MatrixProducts call, long stream) {
        products.run(call, stream);
    }

    @Override
    public boolean canConvolve(ConvolutionCall call) {
        return convolutions.takes(call);
    }

    @Override
    public void convolve(ConvolutionCall call, long stream) {
        convolutions.run(call, stream);
    }

    @Override
    public boolean canAttend(AttentionCall call) {
        return attention.takes(call);
    }

    @Override
    public void attend(AttentionCall call, long stream) {
        attention.run(call, stream);
    }

    @Override
    public String toString() {
        return "device " + index + ", " + name;
    }
}
