package dev.ugoki.cpu.generated;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.ugoki.tensor.kernel.Instruction.Comparison;
import dev.ugoki.tensor.kernel.ValueType;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;

/**
 * Emits the maxima of columns: vector after vector of them, down all rows in four chains, since
 * each comparison waits for the one before.
 */
final class ColumnMaximaEmitter {
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(CD_void, CD_int, CD_long, CD_long, CD_int, CD_long);

    private static final int CHAINS = 4;

    private static final int ROWS = 1;
    private static final int X = 2;
    private static final int ROW_BYTES = 4;
    private static final int VECTORS = 6;
    private static final int MAXIMA = 7;

    private final VectorWidth width;
    private final CodeBuilder code;
    private final VectorCalls calls;
    private final int[] chains = new int[CHAINS];
    private int row;
    private int address;
    private int element;

    private ColumnMaximaEmitter(VectorWidth width, CodeBuilder code) {
        this.width = width;
        this.code = code;
        this.calls = new VectorCalls(code, width);
    }

    /** New code, interpreted until it has been called often. */
    static ColumnMaximaCode define(VectorWidth width) {
        byte[] bytes =
                HiddenClass.bytes(
                        ColumnMaximaCode.class,
                        type ->
                                type.withMethodBody(
                                        "run",
                                        RUN,
                                        ClassFile.ACC_PUBLIC,
                                        code -> new ColumnMaximaEmitter(width, code).emit()));
        try {
            return HiddenClass.instance(ColumnMaximaCode.class, bytes);
        } catch (Throwable e) {
            throw new IllegalStateException("generated class was refused: maxima", e);
        }
    }

    private void emit() {
        int vector = code.allocateLocal(TypeKind.INT);
        row = code.allocateLocal(TypeKind.INT);
        address = code.allocateLocal(TypeKind.LONG);
        element = code.allocateLocal(TypeKind.REFERENCE);
        for (int chain = 0; chain < CHAINS; chain++) {
            chains[chain] = code.allocateLocal(TypeKind.REFERENCE);
        }
        Label head = code.newLabel();
        Label done = code.newLabel();
        code.loadConstant(0).istore(vector);
        code.labelBinding(head).iload(vector).iload(VECTORS).if_icmpge(done);
        for (int chain : chains) {
            calls.pushSpecies(ValueType.F32);
            code.loadConstant(Float.NEGATIVE_INFINITY);
            calls.broadcast(ValueType.F32);
            code.astore(chain);
        }
        code.lload(X).iload(vector).i2l().loadConstant((long) width.bytes()).lmul().ladd();
        code.lstore(address).loadConstant(0).istore(row);
        emitRows(CHAINS);
        emitRows(1);
        for (int chain = 1; chain < CHAINS; chain++) {
            emitGreater(chains[0], chains[chain]);
        }
        code.aload(chains[0]);
        calls.pushMemory();
        code.lload(MAXIMA).iload(vector).i2l().loadConstant((long) width.bytes()).lmul().ladd();
        calls.store(ValueType.F32);
        code.iinc(vector, 1).goto_(head).labelBinding(done).return_();
    }

    /** Takes in rows, so many at a time, while there are as many. */
    private void emitRows(int step) {
        Label head = code.newLabel();
        Label done = code.newLabel();
        code.labelBinding(head).iload(row).loadConstant(step - 1).iadd();
        code.iload(ROWS).if_icmpge(done);
        for (int chain = 0; chain < step; chain++) {
            calls.pushSpeciesAndMemory(ValueType.F32);
            code.lload(address);
            calls.load(ValueType.F32);
            code.astore(element);
            emitGreater(chains[chain], element);
            code.lload(address).lload(ROW_BYTES).ladd().lstore(address);
        }
        code.iinc(row, step).goto_(head).labelBinding(done);
    }

    /** {@code x = y > x ? y : x}. */
    private void emitGreater(int x, int y) {
        code.aload(x).aload(y).aload(y);
        calls.pushOperator(Comparison.GREATER);
        code.aload(x);
        calls.compare(ValueType.F32);
        calls.blend(ValueType.F32);
        code.astore(x);
    }
}
