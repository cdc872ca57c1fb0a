package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelJoin;
import dev.ugoki.tensor.kernel.Operand;
import dev.ugoki.tensor.kernel.ValueType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Ending;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * What follows on a product in a plan, region by region: the addition of its bias, as {@link
 * BiasAddition} does it, and a joined kernel.
 */
final class ProductEnding implements PackedProduct.Epilogue {
    /** Regions of products are cut at multiples of this, if not at the end of a row. */
    private static final long WHOLE_VECTORS = 16;

    /** Operand tables by their length, for each thread. */
    private static final int MOST_TABLES = 64;

    private static final ThreadLocal<long[][]> TABLES =
            ThreadLocal.withInitial(() -> new long[MOST_TABLES][0]);

    /** The product first, then the bias, if any, then the kernel's operands and results. */
    private final List<Slot> slots = new ArrayList<>();

    private final GeneratedKernel kernel;
    private final long columns;

    /** For each entry of the table, in bytes. */
    private final long[] rowBytes;

    private final long[] columnBytes;
    private final long[] addresses;

    ProductEnding(Ending ending, @Nullable Slot bias) {
        Kernel given = ending.kernel();
        Slot product = ending.results().get(ending.place());
        columns = product.shape().extent(-1);
        slots.add(product);
        KernelJoin join = new KernelJoin();
        int value = join.input(ValueType.F32);
        if (bias != null) {
            slots.add(bias);
            List<Integer> both = List.of(value, join.input(ValueType.F32));
            value = join.append(addition(product.type()), both).getFirst();
        }
        List<Integer> inputs = new ArrayList<>();
        for (int i = 0; i < given.operands().size(); i++) {
            inputs.add(i == ending.input() ? value : join.input(given.operands().get(i).type()));
        }
        join.append(given, inputs).forEach(join::output);
        slots.addAll(ending.operands());
        int inputCount = slots.size();
        slots.addAll(ending.results());
        if (slots.size() >= MOST_TABLES) {
            throw new IllegalArgumentException("a kernel of " + slots.size() + " operands");
        }
        rowBytes = new long[slots.size()];
        columnBytes = new long[slots.size()];
        addresses = new long[slots.size()];
        Kernel joined = join.build();
        List<Operand> laidOut = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            Stored view = slot.stored();
            long rowStep = slot == bias ? 0 : view.stride(0);
            long step = view.stride(view.shape().rank() - 1);
            rowBytes[i] = rowStep * slot.dtype().byteSize();
            columnBytes[i] = step * slot.dtype().byteSize();
            if (i < inputCount) {
                ValueType type = joined.operands().get(i).type();
                laidOut.add(new Operand(type, NestStep.layout(false, step, rowStep)));
            }
        }
        kernel = GeneratedKernels.get(new Kernel(laidOut, joined.instructions(), joined.outputs()));
    }

    private static Kernel addition(TensorType type) {
        Prim add = new Prim.Binary(Prim.Binary.Kind.ADD);
        return Objects.requireNonNull(Pointwise.of(add, type, type));
    }

    /** The address at which the product is to be made, in this run. */
    long begin() {
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = slots.get(i).address();
        }
        return addresses[0];
    }

    @Override
    public void run(int row, int rows, int column, int columnCount) {
        long[][] tables = TABLES.get();
        int entries = addresses.length;
        if (tables[entries].length == 0) {
            tables[entries] = new long[2 * entries];
        }
        long[] table = tables[entries];
        for (int i = 0; i < entries; i++) {
            table[2 * i] = addresses[i] + row * rowBytes[i] + column * columnBytes[i];
            table[2 * i + 1] = rowBytes[i];
        }
        long bytes = kernel.scratchBytes(columnCount);
        long scratch = bytes == 0 ? 0 : Scratch.address(bytes);
        kernel.runRows(table, 0, rows, columnCount, scratch);
    }

    CompletableFuture<Boolean> ready() {
        CompletableFuture<Boolean> ends = kernel.compileRows(columns);
        return columns % WHOLE_VECTORS == 0 || columns < WHOLE_VECTORS
                ? ends
                : ends.thenCombine(kernel.compileRows(WHOLE_VECTORS), Boolean::logicalAnd);
    }
}
