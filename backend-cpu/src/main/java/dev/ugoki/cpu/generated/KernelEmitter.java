package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Instruction;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.Operand;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.kernel.Reduction;
import dev.ugoki.tensor.kernel.Schedule;
import dev.ugoki.tensor.kernel.ValueType;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Writes a method that runs some or all passes of a kernel's {@link Schedule}: per row, for each
 * pass a loop over the columns. Its parameters are those of {@link KernelCode#run}.
 *
 * <p>The loops hold nothing but direct calls to the Vector API, since C2 stops inlining helper
 * methods in long bodies and then boxes every vector. A pass that reduces takes sixteen columns
 * each time around, in as many vectors as that needs, so that the reduction's tree is that of
 * {@link Reduction} on every width; other passes take one vector. The columns that are left over
 * are computed the same way once more; what lies beyond the row is read (buffers are padded), but
 * neither stored nor reduced. Reductions that a method for later passes needs go through scratch
 * memory, behind the rows of kept values.
 */
final class KernelEmitter {
    private static final int OPERANDS = 0;
    private static final int BEGIN = 1;
    private static final int END = 3;
    private static final int COLUMNS = 5;
    private static final int SCRATCH = 7;

    /** Elements that go through all passes together, where a flat kernel has several. */
    static final int FLAT_BLOCK = 4096;

    private static final int[][][] NO_SETS = {};

    private final Kernel kernel;
    private final List<ValueType> types;
    private final Schedule schedule;
    private final int firstPass;
    private final int lastPass;
    private final Set<Integer> needed = new TreeSet<>();
    private final LoopShape shape;
    private final VectorWidth width;
    private final CodeBuilder code;
    private final VectorCalls calls;
    private final VectorLocals locals;

    /** The local that holds a call's or a row's value; -1 before it is computed. */
    private final int[] lasting;

    /** The locals of operands' addresses (of the current row, in a row loop) and row distances. */
    private final int[] baseAddress;

    private final int[] address;
    private final int[] distance;

    private int row;
    private int offset;
    private int bytes;
    private int keptBytes;
    private int reductions;

    /** Where the masks of the columns that are left over are, by vector, for F32 and for I32. */
    private final int[] floatTailMask = new int[4];

    private final int[] intTailMask = new int[4];

    /** For the passes {@code firstPass} to {@code lastPass} (inclusive). */
    KernelEmitter(
            Kernel kernel,
            Schedule schedule,
            int firstPass,
            int lastPass,
            LoopShape shape,
            VectorWidth width,
            CodeBuilder code) {
        this.kernel = kernel;
        this.types = kernel.types();
        this.schedule = schedule;
        this.firstPass = firstPass;
        this.lastPass = lastPass;
        this.shape = shape;
        this.width = width;
        this.code = code;
        this.calls = new VectorCalls(code, width);
        this.locals = new VectorLocals(code);
        this.lasting = new int[types.size()];
        Arrays.fill(lasting, -1);
        int table = kernel.tableSize();
        this.baseAddress = new int[table];
        this.address = new int[table];
        this.distance = new int[table];
        markNeeded();
    }

    void emit() {
        loadOperandTable();
        for (int value : schedule.callValues()) {
            emitIfNeeded(value);
        }
        offset = code.allocateLocal(TypeKind.LONG);
        keptBytes = code.allocateLocal(TypeKind.LONG);
        if (shape == LoopShape.FLAT) {
            emitFlatLoop();
        } else {
            emitRowLoop();
        }
        code.return_();
    }

    private boolean isLast() {
        return lastPass == schedule.passes().size() - 1;
    }

    /** Which values of the call and of the row these passes use. */
    private void markNeeded() {
        for (Schedule.Pass pass : passes()) {
            for (int value : pass.elementValues()) {
                if (!pass.reloads().contains(value)) {
                    kernel.instructions().get(value).arguments().forEach(this::markNeeded);
                }
            }
            pass.reductions().forEach(r -> markNeeded(reduction(r).x()));
            if (pass.stores()) {
                kernel.outputs().forEach(output -> markNeeded(output.value()));
            }
        }
        if (isLast()) {
            kernel.outputs().forEach(output -> markNeeded(output.value()));
        }
    }

    private void markNeeded(int value) {
        if (needed.add(value) && !isReduction(value)) {
            kernel.instructions().get(value).arguments().forEach(this::markNeeded);
        }
    }

    private boolean isReduction(int value) {
        return kernel.instructions().get(value) instanceof Instruction.Reduce;
    }

    private void emitIfNeeded(int value) {
        if (needed.contains(value)) {
            emitLasting(value);
        }
    }

    private List<Schedule.Pass> passes() {
        return schedule.passes().isEmpty()
                ? List.of()
                : schedule.passes().subList(firstPass, lastPass + 1);
    }

    private Layout layout(int operand) {
        int inputs = kernel.operands().size();
        return operand < inputs
                ? kernel.operands().get(operand).layout()
                : kernel.outputs().get(operand - inputs).layout();
    }

    private ValueType type(int operand) {
        int inputs = kernel.operands().size();
        return operand < inputs
                ? kernel.operands().get(operand).type()
                : types.get(kernel.outputs().get(operand - inputs).value());
    }

    private boolean isOutput(int operand) {
        return operand >= kernel.operands().size();
    }

    private void loadOperandTable() {
        for (int k = 0; k < address.length; k++) {
            baseAddress[k] = loadTableEntry(2 * k, true);
            address[k] = baseAddress[k];
            boolean moves = layout(k).variesByRow() || isOutput(k);
            if (moves && shape != LoopShape.FLAT) {
                distance[k] = loadTableEntry(2 * k + 1, false);
                address[k] = code.allocateLocal(TypeKind.LONG);
            }
        }
    }

    private int loadTableEntry(int entry, boolean isAddress) {
        int local = code.allocateLocal(TypeKind.LONG);
        code.aload(OPERANDS).loadConstant(entry).laload();
        if (isAddress) {
            calls.asAddress();
        }
        code.lstore(local);
        return local;
    }

    /** One pass; values kept for later ones lie at the offset from the call's beginning. */
    private void emitFlatLoop() {
        code.lload(BEGIN).loadConstant(2).lshl().lstore(offset);
        code.loadConstant(4L * FLAT_BLOCK).lstore(keptBytes);
        code.lload(SCRATCH).lload(offset).lsub().lstore(SCRATCH);
        int limit = code.allocateLocal(TypeKind.LONG);
        code.lload(END).loadConstant(2).lshl();
        calls.asAddress();
        code.lstore(limit);
        emitLoop(limit, width.bytes(), () -> emitBody(passes().getFirst(), 0, false, NO_SETS));
    }

    /** while (offset < limit) { body; offset += step; } */
    private void emitLoop(int limit, int step, Runnable body) {
        Label head = code.newLabel();
        Label done = code.newLabel();
        code.labelBinding(head).lload(offset).lload(limit).lcmp().ifge(done);
        body.run();
        code.lload(offset).loadConstant((long) step).ladd().lstore(offset);
        code.goto_(head).labelBinding(done);
    }

    private void emitRowLoop() {
        bytes = code.allocateLocal(TypeKind.LONG);
        code.lload(COLUMNS).loadConstant(2).lshl();
        calls.asAddress();
        code.lstore(bytes);
        code.lload(bytes).loadConstant(63L).ladd().loadConstant(-64L).land().lstore(keptBytes);
        reductions = code.allocateLocal(TypeKind.LONG);
        code.lload(keptBytes).loadConstant((long) schedule.keptValues().size()).lmul();
        code.lload(SCRATCH).ladd().lstore(reductions);
        if (shape == LoopShape.WITH_TAIL) {
            emitTailMasks();
        }
        row = code.allocateLocal(TypeKind.LONG);
        code.lload(BEGIN).lstore(row);
        Label head = code.newLabel();
        Label done = code.newLabel();
        code.labelBinding(head).lload(row).lload(END).lcmp().ifge(done);
        emitRow();
        code.lload(row).loadConstant(1L).ladd().lstore(row);
        code.goto_(head).labelBinding(done);
    }

    /** Lane j of vector u is on where column 16 m + lanes u + j is in the row; m whole blocks. */
    private void emitTailMasks() {
        boolean storesInts =
                kernel.outputs().stream().anyMatch(o -> types.get(o.value()) == ValueType.I32);
        for (int u = 0; u < width.vectorsPerBlock(); u++) {
            floatTailMask[u] = emitTailMask(u, ValueType.F32);
            intTailMask[u] = storesInts ? emitTailMask(u, ValueType.I32) : -1;
        }
    }

    private int emitTailMask(int u, ValueType type) {
        int mask = locals.lasting();
        calls.pushSpecies(type);
        code.loadConstant(1L).lload(COLUMNS).l2i().loadConstant(Reduction.LANES - 1).iand();
        code.lshl().loadConstant(1L).lsub().loadConstant(u * width.lanes()).lushr();
        code.loadConstant((1L << width.lanes()) - 1).land();
        calls.maskFromLong();
        code.astore(mask);
        return mask;
    }

    private void emitRow() {
        for (int k = 0; k < address.length; k++) {
            if (address[k] != baseAddress[k]) {
                code.lload(baseAddress[k]).lload(row);
                if (isOutput(k) && layout(k) == Layout.PER_COLUMN) {
                    code.loadConstant((long) Output.ROWS_PER_BLOCK).ldiv();
                }
                code.lload(distance[k]).lmul().ladd();
                calls.asAddress();
                code.lstore(address[k]);
            }
        }
        if (passes().stream().anyMatch(Schedule.Pass::stores)) {
            emitClearingOfSums();
        }
        loadEarlierReductions();
        for (int number = 0; number < firstPass; number++) {
            schedule.passes().get(number).rowValues().forEach(this::emitIfNeeded);
        }
        for (Schedule.Pass pass : passes()) {
            pass.rowValues().forEach(this::emitIfNeeded);
            emitPass(pass);
        }
        if (isLast()) {
            schedule.finalRowValues().forEach(this::emitIfNeeded);
            storeRowOutputs();
        }
    }

    private void loadEarlierReductions() {
        for (int number = 0; number < firstPass; number++) {
            for (int value : schedule.passes().get(number).reductions()) {
                if (needed.contains(value)) {
                    lasting[value] = lasting[value] < 0 ? locals.lasting() : lasting[value];
                    calls.pushSpeciesAndMemory(ValueType.F32);
                    pushReductionAddress(value);
                    calls.load(ValueType.F32);
                    code.astore(lasting[value]);
                }
            }
        }
    }

    private void pushReductionAddress(int value) {
        long before =
                kernel.instructions().subList(0, value).stream()
                        .filter(i -> i instanceof Instruction.Reduce)
                        .count();
        code.lload(reductions).loadConstant(64 * before).ladd();
    }

    /** The first row of a block finds its sums at +0. */
    private void emitClearingOfSums() {
        List<Integer> sums =
                IntStream.range(kernel.operands().size(), address.length)
                        .filter(k -> layout(k) == Layout.PER_COLUMN)
                        .boxed()
                        .toList();
        if (sums.isEmpty()) {
            return;
        }
        Label begun = code.newLabel();
        code.lload(row).loadConstant((long) Output.ROWS_PER_BLOCK).lrem();
        code.loadConstant(0L).lcmp().ifne(begun);
        int zero = locals.take(ValueType.F32);
        calls.pushSpecies(ValueType.F32);
        code.loadConstant(0f);
        calls.broadcast(ValueType.F32);
        code.astore(zero);
        emitColumns(
                width.vectorsPerBlock(),
                (u, isTail) -> sums.forEach(k -> store(k, zero, ValueType.F32, u, isTail)));
        locals.give(ValueType.F32, zero);
        code.labelBinding(begun);
    }

    private interface Body {
        void emit(int u, boolean isTail);
    }

    /** offset from 0 to the row's length, {@code vectors} vectors at a time. */
    private void emitColumns(int vectors, Body body) {
        int step = vectors * width.bytes();
        code.loadConstant(0L).lstore(offset);
        int limit = bytes;
        if (shape == LoopShape.WITH_TAIL) {
            limit = locals.takeLong();
            code.lload(bytes).loadConstant((long) -step).land().lstore(limit);
        }
        emitLoop(limit, step, () -> repeat(vectors, body, false));
        if (shape == LoopShape.WITH_TAIL) {
            repeat(vectors, body, true);
            locals.giveLong(limit);
        }
    }

    private static void repeat(int vectors, Body body, boolean isTail) {
        for (int u = 0; u < vectors; u++) {
            body.emit(u, isTail);
        }
    }

    private void emitPass(Schedule.Pass pass) {
        int vectors = width.vectorsPerBlock();
        int[][][] accumulators = new int[pass.reductions().size()][Reduction.SETS][vectors];
        for (int r = 0; r < accumulators.length; r++) {
            Reduction reduction = reduction(pass.reductions().get(r)).reduction();
            for (int[] set : accumulators[r]) {
                for (int u = 0; u < vectors; u++) {
                    set[u] = locals.take(ValueType.F32);
                    calls.pushSpecies(ValueType.F32);
                    code.loadConstant(reduction.identity());
                    calls.broadcast(ValueType.F32);
                    code.astore(set[u]);
                }
            }
        }
        // Always sixteen columns at a time, so that the masks of the tail fit every pass.
        emitColumns(vectors, (u, isTail) -> emitBody(pass, u, isTail, accumulators));
        for (int r = 0; r < accumulators.length; r++) {
            emitReductionTree(pass.reductions().get(r), accumulators[r]);
        }
    }

    private Instruction.Reduce reduction(int value) {
        return (Instruction.Reduce) kernel.instructions().get(value);
    }

    private void emitReductionTree(int value, int[][] sets) {
        Reduction reduction = reduction(value).reduction();
        int[] accumulators = sets[0];
        for (int u = 0; u < accumulators.length; u++) {
            emitCombine(reduction, sets[0][u], sets[1][u]);
            emitCombine(reduction, sets[2][u], sets[3][u]);
            emitCombine(reduction, sets[0][u], sets[2][u]);
        }
        int remaining = accumulators.length;
        while (remaining > 1) {
            remaining /= 2;
            for (int u = 0; u < remaining; u++) {
                emitCombine(reduction, accumulators[u], accumulators[u + remaining]);
            }
        }
        int sum = accumulators[0];
        int other = locals.take(ValueType.F32);
        for (int rotation = width.lanes() / 2; rotation > 0; rotation /= 2) {
            code.aload(sum);
            calls.rotate(rotation);
            code.astore(other);
            emitCombine(reduction, sum, other);
        }
        locals.give(ValueType.F32, other);
        if (lasting[value] < 0) {
            lasting[value] = locals.lasting();
        }
        // Lanes beyond the first may differ in the sign of zero: the first is the result.
        calls.pushSpecies(ValueType.F32);
        code.aload(sum).loadConstant(0);
        calls.lane(ValueType.F32);
        calls.broadcast(ValueType.F32);
        code.astore(lasting[value]);
        if (!isLast()) {
            code.aload(lasting[value]);
            calls.pushMemory();
            pushReductionAddress(value);
            calls.store(ValueType.F32);
        }
        for (int[] set : sets) {
            for (int accumulator : set) {
                locals.give(ValueType.F32, accumulator);
            }
        }
    }

    /** x = combine(x, y), as {@link Reduction#combine}. */
    private void emitCombine(Reduction reduction, int x, int y) {
        code.aload(x);
        switch (reduction) {
            case SUM -> {
                calls.pushOperator(Instruction.FloatBinaryOperator.ADD);
                code.aload(y);
                calls.lanewise(ValueType.F32, 2);
            }
            case MAXIMUM, LARGEST_NUMBER -> {
                code.aload(y).aload(y);
                calls.pushOperator(Instruction.Comparison.GREATER);
                code.aload(x);
                calls.compare(ValueType.F32);
                calls.blend(ValueType.F32);
            }
        }
        if (reduction == Reduction.MAXIMUM) {
            code.aload(y).aload(y);
            calls.pushOperator(Instruction.Comparison.NOT_EQUAL);
            code.aload(y);
            calls.compare(ValueType.F32);
            calls.blend(ValueType.F32);
        }
        code.astore(x);
    }

    /** One vector of a pass: its values, what is kept, reduced and stored. */
    private void emitBody(Schedule.Pass pass, int u, boolean isTail, int[][][] accumulators) {
        int[] local = new int[types.size()];
        int[] lastUse = lastUses(pass);
        Arrays.fill(local, -1);
        for (int i = 0; i < pass.elementValues().size(); i++) {
            int value = pass.elementValues().get(i);
            if (pass.reloads().contains(value)) {
                pushKept(value, u);
            } else {
                push(value, local, u);
                releaseArguments(value, local, lastUse);
            }
            local[value] = locals.take(types.get(value));
            code.astore(local[value]);
            if (pass.keeps().contains(value)) {
                keep(value, local[value], u);
            }
        }
        for (int r = 0; r < pass.reductions().size(); r++) {
            reduce(reduction(pass.reductions().get(r)), local, accumulators[r], u, isTail);
        }
        if (pass.stores()) {
            storeOutputs(local, u, isTail);
        }
        for (int value = 0; value < local.length; value++) {
            if (local[value] >= 0) {
                locals.give(types.get(value), local[value]);
            }
        }
    }

    /** The last value of the pass that reads each value; later ones for what outlives them. */
    private int[] lastUses(Schedule.Pass pass) {
        int[] lastUse = new int[types.size()];
        Arrays.fill(lastUse, -1);
        for (int value : pass.elementValues()) {
            if (!pass.reloads().contains(value)) {
                kernel.instructions().get(value).arguments().forEach(a -> lastUse[a] = value);
            }
        }
        pass.reductions().forEach(r -> lastUse[reduction(r).x()] = Integer.MAX_VALUE);
        if (pass.stores()) {
            kernel.outputs().forEach(output -> lastUse[output.value()] = Integer.MAX_VALUE);
        }
        return lastUse;
    }

    private void releaseArguments(int value, int[] local, int[] lastUse) {
        for (int argument : kernel.instructions().get(value).arguments()) {
            if (local[argument] >= 0 && lastUse[argument] == value) {
                locals.give(types.get(argument), local[argument]);
                local[argument] = -1;
            }
        }
    }

    private void pushAddress(int base, int u) {
        code.lload(base).lload(offset).ladd();
        if (u > 0) {
            code.loadConstant((long) u * width.bytes()).ladd();
        }
    }

    /** Where vector u of an operand begins in this turn of the loop. */
    private void pushOperandAddress(int operand, int u) {
        if (type(operand) == ValueType.MASK) {
            code.lload(address[operand]).lload(offset).loadConstant(2).lushr().ladd();
            code.loadConstant((long) u * width.lanes()).ladd();
        } else {
            pushAddress(address[operand], u);
        }
    }

    private void pushKeptAddress(int value, int u) {
        pushAddress(SCRATCH, u);
        int index = schedule.keptValues().indexOf(value);
        if (index > 0) {
            code.lload(keptBytes).loadConstant((long) index).lmul().ladd();
        }
    }

    private void pushKept(int value, int u) {
        calls.pushSpeciesAndMemory(types.get(value));
        pushKeptAddress(value, u);
        calls.load(types.get(value));
    }

    private void keep(int value, int local, int u) {
        code.aload(local);
        calls.pushMemory();
        pushKeptAddress(value, u);
        calls.store(types.get(value));
    }

    /**
     * Combines a value into the first set of lanes, whose turn it is, and makes it the last: one
     * loop body serves all sets, and the moves cost nothing in hardware.
     */
    private void reduce(
            Instruction.Reduce reduce, int[] local, int[][] sets, int u, boolean isTail) {
        int taken = local(reduce.x(), local);
        if (isTail) {
            taken = locals.take(ValueType.F32);
            calls.pushSpecies(ValueType.F32);
            code.loadConstant(reduce.reduction().identity());
            calls.broadcast(ValueType.F32);
            code.aload(local(reduce.x(), local)).aload(floatTailMask[u]);
            calls.blend(ValueType.F32);
            code.astore(taken);
        }
        emitCombine(reduce.reduction(), sets[0][u], taken);
        code.aload(sets[0][u]);
        for (int set = 1; set < sets.length; set++) {
            code.aload(sets[set][u]).astore(sets[set - 1][u]);
        }
        code.astore(sets[sets.length - 1][u]);
        if (isTail) {
            locals.give(ValueType.F32, taken);
        }
    }

    private void storeOutputs(int[] local, int u, boolean isTail) {
        for (int k = 0; k < kernel.outputs().size(); k++) {
            Output output = kernel.outputs().get(k);
            int operand = kernel.operands().size() + k;
            ValueType type = types.get(output.value());
            if (output.layout() == Layout.FULL) {
                store(operand, local(output.value(), local), type, u, isTail);
            } else if (output.layout() == Layout.PER_COLUMN) {
                int sum = locals.take(ValueType.F32);
                calls.pushSpeciesAndMemory(ValueType.F32);
                pushAddress(address[operand], u);
                calls.load(ValueType.F32);
                calls.pushOperator(Instruction.FloatBinaryOperator.ADD);
                code.aload(local(output.value(), local));
                calls.lanewise(ValueType.F32, 2);
                code.astore(sum);
                store(operand, sum, ValueType.F32, u, isTail);
                locals.give(ValueType.F32, sum);
            }
        }
    }

    private void store(int operand, int local, ValueType type, int u, boolean isTail) {
        code.aload(local);
        if (type == ValueType.MASK) {
            storeMask(operand, u, isTail);
            return;
        }
        calls.pushMemory();
        pushAddress(address[operand], u);
        if (isTail) {
            calls.storeMasked(type, type == ValueType.F32 ? floatTailMask[u] : intTailMask[u]);
        } else {
            calls.store(type);
        }
    }

    private void storeMask(int operand, int u, boolean isTail) {
        calls.maskToLong();
        pushOperandAddress(operand, u);
        if (isTail) {
            code.lload(COLUMNS).loadConstant(u * width.lanes());
            calls.storeLastOfMask();
        } else {
            calls.storeMask();
        }
    }

    private void storeRowOutputs() {
        for (int k = 0; k < kernel.outputs().size(); k++) {
            Output output = kernel.outputs().get(k);
            if (output.layout() == Layout.PER_ROW) {
                calls.pushScalarMemory(types.get(output.value()));
                code.lload(address[kernel.operands().size() + k]);
                code.aload(lasting[output.value()]).loadConstant(0);
                calls.lane(types.get(output.value()));
                calls.storeScalar(types.get(output.value()));
            }
        }
    }

    private int local(int value, int[] local) {
        return local[value] >= 0 ? local[value] : lasting[value];
    }

    /** Computes a call's or a row's value into a local of its own. */
    private void emitLasting(int value) {
        if (kernel.instructions().get(value) instanceof Instruction.Load(int operand)) {
            Operand input = kernel.operands().get(operand);
            if (input.type() == ValueType.MASK) {
                calls.pushSpecies(ValueType.F32);
                code.lload(address[operand]);
                calls.loadScalarMask();
            } else {
                calls.pushSpecies(input.type());
                calls.pushScalarMemory(input.type());
                code.lload(address[operand]);
                calls.loadScalar(input.type());
                calls.broadcast(input.type());
            }
        } else {
            push(value, new int[0], 0);
        }
        if (lasting[value] < 0) {
            lasting[value] = locals.lasting();
        }
        code.astore(lasting[value]);
    }

    private void pushArgument(int value, int[] local) {
        boolean hasLocal = value < local.length && local[value] >= 0;
        code.aload(hasLocal ? local[value] : lasting[value]);
    }

    /** Computes a value and leaves it on the stack. */
    private void push(int value, int[] local, int u) {
        switch (kernel.instructions().get(value)) {
            case Instruction.Load(int operand) -> {
                if (types.get(value) == ValueType.MASK) {
                    calls.pushSpecies(ValueType.F32);
                    pushOperandAddress(operand, u);
                    calls.loadMask();
                } else {
                    calls.pushSpeciesAndMemory(types.get(value));
                    pushOperandAddress(operand, u);
                    calls.load(types.get(value));
                }
            }
            case Instruction.FloatConstant(float constant) -> {
                calls.pushSpecies(ValueType.F32);
                code.loadConstant(constant);
                calls.broadcast(ValueType.F32);
            }
            case Instruction.IntConstant(int constant) -> {
                calls.pushSpecies(ValueType.I32);
                code.loadConstant(constant);
                calls.broadcast(ValueType.I32);
            }
            case Instruction.ColumnCount() -> {
                calls.pushSpecies(ValueType.F32);
                code.lload(COLUMNS).l2f();
                calls.broadcast(ValueType.F32);
            }
            case Instruction.FloatUnary(var operator, int x) -> {
                pushArgument(x, local);
                calls.pushOperator(operator);
                calls.lanewise(ValueType.F32, 1);
            }
            case Instruction.FloatBinary(var operator, int x, int y) -> {
                pushArgument(x, local);
                calls.pushOperator(operator);
                pushArgument(y, local);
                calls.lanewise(ValueType.F32, 2);
            }
            case Instruction.FusedMultiplyAdd(int x, int y, int z) -> {
                pushArgument(x, local);
                calls.pushMultiplyAdd();
                pushArgument(y, local);
                pushArgument(z, local);
                calls.lanewise(ValueType.F32, 3);
            }
            case Instruction.IntBinary binary -> pushIntBinary(binary, local);
            case Instruction.Compare(var comparison, int x, int y) -> {
                pushArgument(x, local);
                calls.pushOperator(comparison);
                pushArgument(y, local);
                calls.compare(types.get(x));
            }
            case Instruction.Select(int mask, int x, int y) -> {
                pushArgument(y, local);
                pushArgument(x, local);
                pushArgument(mask, local);
                if (maskType(mask) != types.get(value)) {
                    calls.castMask(types.get(value));
                }
                calls.blend(types.get(value));
            }
            case Instruction.FloatToBits(int x) -> {
                pushArgument(x, local);
                calls.floatToBits();
            }
            case Instruction.BitsToFloat(int x) -> {
                pushArgument(x, local);
                calls.bitsToFloat();
            }
            case Instruction.FloatToInt(int x) -> {
                pushArgument(x, local);
                calls.floatToInt();
            }
            case Instruction.IntToFloat(int x) -> {
                pushArgument(x, local);
                calls.intToFloat();
            }
            case Instruction.Reduce _ -> throw new AssertionError("reductions end passes");
        }
    }

    private void pushIntBinary(Instruction.IntBinary binary, int[] local) {
        pushArgument(binary.x(), local);
        calls.pushOperator(binary.operator());
        if (binary.operator().isShift()
                && kernel.instructions().get(binary.y())
                        instanceof Instruction.IntConstant(int distance)) {
            code.loadConstant(distance);
            calls.lanewiseShift();
        } else {
            pushArgument(binary.y(), local);
            calls.lanewise(ValueType.I32, 2);
        }
    }

    /** The type of the lanes that a mask is one of; those that are loaded are of F32 lanes. */
    private ValueType maskType(int mask) {
        Instruction instruction = kernel.instructions().get(mask);
        return instruction instanceof Instruction.Load
                ? ValueType.F32
                : types.get(instruction.arguments().getFirst());
    }
}
