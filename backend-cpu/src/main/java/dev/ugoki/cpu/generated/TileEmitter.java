package dev.ugoki.cpu.generated;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.ugoki.tensor.kernel.Instruction.FloatBinaryOperator;
import dev.ugoki.tensor.kernel.ValueType;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.OptionalInt;

/**
 * Emits the code of one {@link TileShape}: all sums stay in registers while the loop goes down the
 * depth, with one straight piece of code for each step: load the row of B, then for each row of A
 * spread its element over a vector and multiply.
 */
final class TileEmitter {
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(
                    CD_void,
                    CD_int,
                    CD_long,
                    CD_long,
                    CD_long,
                    CD_long,
                    CD_long,
                    CD_long,
                    CD_long,
                    CD_int,
                    CD_boolean);

    private static final int DEPTH = 1;
    private static final int A = 2;
    private static final int A_ROW = 4;
    private static final int A_COLUMN = 6;
    private static final int B = 8;
    private static final int B_ROW = 10;
    private static final int C = 12;
    private static final int C_ROW = 14;
    private static final int LAST_LANES = 16;
    private static final int ACCUMULATE = 17;

    /** The bits that the distance to a later element of a row of A may have. */
    private static final long DISTANCES = (1L << 31) - 1;

    private final TileShape shape;
    private final VectorWidth width;
    private final CodeBuilder code;
    private final VectorCalls calls;
    private final int[] sums;
    private final int[] rowsOfA;

    private TileEmitter(TileShape shape, VectorWidth width, CodeBuilder code) {
        this.shape = shape;
        this.width = width;
        this.code = code;
        this.calls = new VectorCalls(code, width);
        this.sums = new int[shape.rows() * shape.vectors()];
        this.rowsOfA = new int[shape.rows()];
    }

    /** New code, interpreted until it has been called often. */
    static TileCode define(TileShape shape, VectorWidth width) {
        byte[] bytes =
                HiddenClass.bytes(
                        TileCode.class,
                        type ->
                                type.withMethodBody(
                                        "run",
                                        RUN,
                                        ClassFile.ACC_PUBLIC,
                                        code -> new TileEmitter(shape, width, code).emit()));
        try {
            return HiddenClass.instance(TileCode.class, bytes);
        } catch (Throwable e) {
            throw new IllegalStateException("generated class was refused, for " + shape, e);
        }
    }

    private void emit() {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = code.allocateLocal(TypeKind.REFERENCE);
            calls.pushSpecies(ValueType.F32);
            code.loadConstant(0f);
            calls.broadcast(ValueType.F32);
            code.astore(sums[i]);
        }
        for (int row = 0; row < rowsOfA.length && !shape.adjacentRows(); row++) {
            rowsOfA[row] = code.allocateLocal(TypeKind.LONG);
            code.lload(A).loadConstant((long) row).lload(A_ROW).lmul().ladd();
            calls.asAddress();
            code.lstore(rowsOfA[row]);
        }
        emitLoop();
        OptionalInt mask = OptionalInt.empty();
        if (shape.partial()) {
            mask = OptionalInt.of(code.allocateLocal(TypeKind.REFERENCE));
            calls.pushSpecies(ValueType.F32);
            code.loadConstant(-1L).loadConstant(64).iload(LAST_LANES).isub().lushr();
            calls.maskFromLong();
            code.astore(mask.getAsInt());
        }
        Label plain = code.newLabel();
        code.iload(ACCUMULATE).ifeq(plain);
        emitStores(true, mask);
        code.return_().labelBinding(plain);
        emitStores(false, mask);
        code.return_();
    }

    private void emitLoop() {
        int step = code.allocateLocal(TypeKind.INT);
        int shift = code.allocateLocal(TypeKind.LONG);
        int rowOfB = code.allocateLocal(TypeKind.LONG);
        int factor = code.allocateLocal(TypeKind.REFERENCE);
        int[] vectors = new int[shape.vectors()];
        Label head = code.newLabel();
        Label done = code.newLabel();
        code.loadConstant(0).istore(step);
        code.labelBinding(head).iload(step).iload(DEPTH).if_icmpge(done);
        code.lload(B).iload(step).i2l().lload(B_ROW).lmul().ladd();
        calls.asAddress();
        code.lstore(rowOfB);
        for (int v = 0; v < vectors.length; v++) {
            vectors[v] = code.allocateLocal(TypeKind.REFERENCE);
            calls.pushSpeciesAndMemory(ValueType.F32);
            code.lload(rowOfB).loadConstant((long) v * width.bytes()).ladd();
            calls.load(ValueType.F32);
            code.astore(vectors[v]);
        }
        code.iload(step).i2l().lload(A_COLUMN).lmul();
        if (shape.adjacentRows()) {
            code.lload(A).ladd();
            calls.asAddress();
        } else {
            // So small a distance is added by the instruction that loads.
            code.loadConstant(DISTANCES).land();
        }
        code.lstore(shift);
        for (int row = 0; row < shape.rows(); row++) {
            calls.pushSpecies(ValueType.F32);
            calls.pushScalarMemory(ValueType.F32);
            if (shape.adjacentRows()) {
                code.lload(shift).loadConstant(4L * row).ladd();
            } else {
                code.lload(rowsOfA[row]).lload(shift).ladd();
            }
            calls.loadScalar(ValueType.F32);
            calls.broadcast(ValueType.F32);
            code.astore(factor);
            for (int v = 0; v < vectors.length; v++) {
                int sum = sums[row * vectors.length + v];
                code.aload(factor);
                calls.pushMultiplyAdd();
                code.aload(vectors[v]).aload(sum);
                calls.lanewise(ValueType.F32, 3);
                code.astore(sum);
            }
        }
        code.iinc(step, 1).goto_(head).labelBinding(done);
    }

    private void emitStores(boolean accumulate, OptionalInt mask) {
        for (int row = 0; row < shape.rows(); row++) {
            for (int v = 0; v < shape.vectors(); v++) {
                int sum = sums[row * shape.vectors() + v];
                if (accumulate) {
                    calls.pushSpeciesAndMemory(ValueType.F32);
                    pushElementOfC(row, v);
                    calls.load(ValueType.F32);
                    calls.pushOperator(FloatBinaryOperator.ADD);
                    code.aload(sum);
                    calls.lanewise(ValueType.F32, 2);
                } else {
                    code.aload(sum);
                }
                calls.pushMemory();
                pushElementOfC(row, v);
                if (v == shape.vectors() - 1 && mask.isPresent()) {
                    calls.storeMasked(ValueType.F32, mask.getAsInt());
                } else {
                    calls.store(ValueType.F32);
                }
            }
        }
    }

    private void pushElementOfC(int row, int vector) {
        code.lload(C).loadConstant((long) row).lload(C_ROW).lmul().ladd();
        code.loadConstant((long) vector * width.bytes()).ladd();
    }
}
