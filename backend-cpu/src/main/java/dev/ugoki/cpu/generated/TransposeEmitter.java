package dev.ugoki.cpu.generated;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.ugoki.tensor.kernel.ValueType;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;

/**
 * Emits the transposition of square blocks in registers: for each distance of a power of two, the
 * lanes of two rows that lie so far apart are exchanged where they belong to the other row.
 */
final class TransposeEmitter {
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(CD_void, CD_int, CD_int, CD_long, CD_long, CD_long, CD_long);

    private static final MethodTypeDesc MIN = MethodTypeDesc.of(CD_int, CD_int, CD_int);

    private static final int LINES = 1;
    private static final int VECTORS = 2;
    private static final int SOURCE = 3;
    private static final int SOURCE_LINE = 5;
    private static final int TARGET = 7;
    private static final int TARGET_LINE = 9;

    private final VectorWidth width;
    private final CodeBuilder code;
    private final VectorCalls calls;
    private final int[] rows;

    private TransposeEmitter(VectorWidth width, CodeBuilder code) {
        this.width = width;
        this.code = code;
        this.calls = new VectorCalls(code, width);
        this.rows = new int[width.lanes()];
    }

    /** New code, interpreted until it has been called often. */
    static TransposeCode define(VectorWidth width) {
        byte[] bytes =
                HiddenClass.bytes(
                        TransposeCode.class,
                        type ->
                                type.withMethodBody(
                                        "run",
                                        RUN,
                                        ClassFile.ACC_PUBLIC,
                                        code -> new TransposeEmitter(width, code).emit()));
        try {
            return HiddenClass.instance(TransposeCode.class, bytes);
        } catch (Throwable e) {
            throw new IllegalStateException("generated class was refused: transposition", e);
        }
    }

    private void emit() {
        int block = code.allocateLocal(TypeKind.INT);
        int shift = code.allocateLocal(TypeKind.LONG);
        int to = code.allocateLocal(TypeKind.LONG);
        int[] lines = new int[rows.length];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = code.allocateLocal(TypeKind.REFERENCE);
            lines[row] = code.allocateLocal(TypeKind.LONG);
            // Lines that are not there would be read in vain, or from memory that is not there.
            code.iload(LINES).loadConstant(1).isub().loadConstant(row);
            code.invokestatic(HiddenClass.desc(Math.class), "min", MIN);
            code.i2l().lload(SOURCE_LINE).lmul().lload(SOURCE).ladd().lstore(lines[row]);
        }
        Label head = code.newLabel();
        Label done = code.newLabel();
        code.loadConstant(0).istore(block);
        code.labelBinding(head).iload(block).iload(VECTORS).if_icmpge(done);
        code.iload(block).i2l().loadConstant((long) width.bytes()).lmul().lstore(shift);
        code.lload(TARGET).iload(block).i2l().lload(TARGET_LINE);
        code.loadConstant((long) width.lanes()).lmul().lmul().ladd().lstore(to);
        for (int row = 0; row < rows.length; row++) {
            calls.pushSpeciesAndMemory(ValueType.F32);
            code.lload(lines[row]).lload(shift).ladd();
            calls.load(ValueType.F32);
            code.astore(rows[row]);
        }
        for (int distance = width.lanes() / 2; distance > 0; distance /= 2) {
            exchange(distance);
        }
        for (int row = 0; row < rows.length; row++) {
            code.aload(rows[row]);
            calls.pushMemory();
            code.lload(to).loadConstant((long) row).lload(TARGET_LINE).lmul().ladd();
            calls.store(ValueType.F32);
        }
        code.iinc(block, 1).goto_(head).labelBinding(done).return_();
    }

    private void exchange(int distance) {
        int upper = code.allocateLocal(TypeKind.REFERENCE);
        int lower = code.allocateLocal(TypeKind.REFERENCE);
        int exchanged = code.allocateLocal(TypeKind.REFERENCE);
        pushMask(distance, true);
        code.astore(upper);
        pushMask(distance, false);
        code.astore(lower);
        for (int row = 0; row < rows.length; row++) {
            if ((row & distance) == 0) {
                int other = rows[row + distance];
                code.aload(rows[row]).aload(other);
                calls.swap(distance);
                code.aload(upper);
                calls.blend(ValueType.F32);
                code.astore(exchanged);
                code.aload(other).aload(rows[row]);
                calls.swap(distance);
                code.aload(lower);
                calls.blend(ValueType.F32);
                code.astore(other);
                code.aload(exchanged).astore(rows[row]);
            }
        }
    }

    /** The lanes whose number has, or has not, the bit {@code distance}. */
    private void pushMask(int distance, boolean has) {
        long lanes = 0;
        for (int lane = 0; lane < width.lanes(); lane++) {
            if ((lane & distance) != 0 == has) {
                lanes |= 1L << lane;
            }
        }
        calls.pushSpecies(ValueType.F32);
        code.loadConstant(lanes);
        calls.maskFromLong();
    }
}
