package dev.ugoki.cpu.generated;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.ugoki.tensor.kernel.Instruction.Comparison;
import dev.ugoki.tensor.kernel.Instruction.FloatBinaryOperator;
import dev.ugoki.tensor.kernel.Instruction.FloatUnaryOperator;
import dev.ugoki.tensor.kernel.Instruction.IntBinaryOperator;
import dev.ugoki.tensor.kernel.ValueType;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Emits single calls to the Vector API; arguments and results are on the operand stack. */
final class VectorCalls {
    private static final ClassDesc FLOAT_VECTOR = desc(FloatVector.class);
    private static final ClassDesc INT_VECTOR = desc(IntVector.class);
    private static final ClassDesc VECTOR = desc(Vector.class);
    private static final ClassDesc MASK = desc(VectorMask.class);
    private static final ClassDesc SPECIES = desc(VectorSpecies.class);
    private static final ClassDesc SHUFFLE = desc(VectorShuffle.class);
    private static final ClassDesc OPERATORS = desc(VectorOperators.class);
    private static final ClassDesc COMPARISON = desc(VectorOperators.Comparison.class);
    private static final ClassDesc CONVERSION = desc(VectorOperators.Conversion.class);
    private static final ClassDesc UNARY = desc(VectorOperators.Unary.class);
    private static final ClassDesc TERNARY = desc(VectorOperators.Ternary.class);
    private static final ClassDesc ASSOCIATIVE = desc(VectorOperators.Associative.class);
    private static final ClassDesc BINARY = desc(VectorOperators.Binary.class);
    private static final ClassDesc SEGMENT = desc(MemorySegment.class);
    private static final ClassDesc BYTE_ORDER = desc(ByteOrder.class);
    private static final ClassDesc OF_FLOAT = desc(ValueLayout.OfFloat.class);
    private static final ClassDesc OF_INT = desc(ValueLayout.OfInt.class);
    private static final ClassDesc MEMORY = desc(Memory.class);

    /** The bits that an address may have, and a few more. */
    private static final long ADDRESSES = (1L << 60) - 1;

    private final CodeBuilder code;
    private final VectorWidth width;

    VectorCalls(CodeBuilder code, VectorWidth width) {
        this.code = code;
        this.width = width;
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }

    private static ClassDesc vector(ValueType type) {
        return switch (type) {
            case F32 -> FLOAT_VECTOR;
            case I32 -> INT_VECTOR;
            case MASK -> throw new AssertionError("a mask is not a vector of numbers");
        };
    }

    private static ClassDesc element(ValueType type) {
        return type == ValueType.F32 ? CD_float : CD_int;
    }

    void pushSpecies(ValueType type) {
        code.getstatic(vector(type), width.speciesField(), SPECIES);
    }

    /**
     * Lets the JIT see that the number on the stack, an address or a distance, is not negative, and
     * far from the greatest. Else it compares with zero wherever memory is reached, and those
     * branches take turns with multiplications.
     */
    void asAddress() {
        code.loadConstant(ADDRESSES).land();
    }

    void pushMemory() {
        code.getstatic(MEMORY, "ALL", SEGMENT);
    }

    void pushSpeciesAndMemory(ValueType type) {
        pushSpecies(type);
        pushMemory();
    }

    /** The segment and the layout of one element. */
    void pushScalarMemory(ValueType type) {
        pushMemory();
        if (type == ValueType.F32) {
            code.getstatic(MEMORY, "FLOAT", OF_FLOAT);
        } else {
            code.getstatic(MEMORY, "INT", OF_INT);
        }
    }

    private static ClassDesc scalarLayout(ValueType type) {
        return type == ValueType.F32 ? OF_FLOAT : OF_INT;
    }

    void loadScalar(ValueType type) {
        code.invokeinterface(
                SEGMENT, "get", MethodTypeDesc.of(element(type), scalarLayout(type), CD_long));
    }

    void storeScalar(ValueType type) {
        code.invokeinterface(
                SEGMENT,
                "set",
                MethodTypeDesc.of(CD_void, scalarLayout(type), CD_long, element(type)));
    }

    private void pushByteOrder() {
        code.getstatic(BYTE_ORDER, "LITTLE_ENDIAN", BYTE_ORDER);
    }

    void load(ValueType type) {
        pushByteOrder();
        code.invokestatic(
                vector(type),
                "fromMemorySegment",
                MethodTypeDesc.of(vector(type), SPECIES, SEGMENT, CD_long, BYTE_ORDER));
    }

    void store(ValueType type) {
        pushByteOrder();
        code.invokevirtual(
                vector(type),
                "intoMemorySegment",
                MethodTypeDesc.of(CD_void, SEGMENT, CD_long, BYTE_ORDER));
    }

    void storeMasked(ValueType type, int mask) {
        pushByteOrder();
        code.aload(mask);
        code.invokevirtual(
                vector(type),
                "intoMemorySegment",
                MethodTypeDesc.of(CD_void, SEGMENT, CD_long, BYTE_ORDER, MASK));
    }

    void broadcast(ValueType type) {
        code.invokestatic(
                vector(type), "broadcast", MethodTypeDesc.of(vector(type), SPECIES, element(type)));
    }

    void lane(ValueType type) {
        code.invokevirtual(vector(type), "lane", MethodTypeDesc.of(element(type), CD_int));
    }

    void maskFromLong() {
        code.invokestatic(MASK, "fromLong", MethodTypeDesc.of(MASK, SPECIES, CD_long));
    }

    /** The conditions of one vector, at the address on the stack. */
    void loadMask() {
        code.invokestatic(
                MEMORY, "conditions" + width.lanes(), MethodTypeDesc.of(CD_long, CD_long));
        maskFromLong();
    }

    /** The condition at the address on the stack, in every lane. */
    void loadScalarMask() {
        code.invokestatic(MEMORY, "condition", MethodTypeDesc.of(CD_long, CD_long));
        maskFromLong();
    }

    /** The lanes of a mask as bits. */
    void maskToLong() {
        code.invokevirtual(MASK, "toLong", MethodTypeDesc.of(CD_long));
    }

    /** Stores bits as conditions at an address. */
    void storeMask() {
        code.invokestatic(
                MEMORY,
                "storeConditions" + width.lanes(),
                MethodTypeDesc.of(CD_void, CD_long, CD_long));
    }

    /** The same for the last columns, whose number and first follow on the stack. */
    void storeLastOfMask() {
        code.loadConstant(width.lanes());
        code.invokestatic(
                MEMORY,
                "storeLastConditions",
                MethodTypeDesc.of(CD_void, CD_long, CD_long, CD_long, CD_int, CD_int));
    }

    void castMask(ValueType to) {
        pushSpecies(to);
        code.invokevirtual(MASK, "cast", MethodTypeDesc.of(MASK, SPECIES));
    }

    /** Lane j of the result is lane j + distance. */
    void rotate(int distance) {
        code.getstatic(MEMORY, width.name() + "_BY_" + distance, SHUFFLE);
        code.invokevirtual(FLOAT_VECTOR, "rearrange", MethodTypeDesc.of(FLOAT_VECTOR, SHUFFLE));
    }

    /** Lane j of the result is lane j xor distance. */
    void swap(int distance) {
        code.getstatic(MEMORY, width.name() + "_SWAP_" + distance, SHUFFLE);
        code.invokevirtual(FLOAT_VECTOR, "rearrange", MethodTypeDesc.of(FLOAT_VECTOR, SHUFFLE));
    }

    void blend(ValueType type) {
        code.invokevirtual(vector(type), "blend", MethodTypeDesc.of(vector(type), VECTOR, MASK));
    }

    // Operators go through lanewise, not through add() and the like: those call lanewise on a
    // receiver whose class C2 may have to take from a profile that the whole process shares.

    /** Pushes the operator of {@link #lanewise(ValueType, int)}, after the first argument. */
    void pushOperator(FloatUnaryOperator operator) {
        String field =
                switch (operator) {
                    case NEGATE -> "NEG";
                    case ABSOLUTE -> "ABS";
                    case SQUARE_ROOT -> "SQRT";
                };
        code.getstatic(OPERATORS, field, UNARY);
    }

    void pushOperator(FloatBinaryOperator operator) {
        switch (operator) {
            case ADD -> code.getstatic(OPERATORS, "ADD", ASSOCIATIVE);
            case SUBTRACT -> code.getstatic(OPERATORS, "SUB", BINARY);
            case MULTIPLY -> code.getstatic(OPERATORS, "MUL", ASSOCIATIVE);
            case DIVIDE -> code.getstatic(OPERATORS, "DIV", BINARY);
        }
    }

    void pushOperator(IntBinaryOperator operator) {
        switch (operator) {
            case ADD -> code.getstatic(OPERATORS, "ADD", ASSOCIATIVE);
            case SUBTRACT -> code.getstatic(OPERATORS, "SUB", BINARY);
            case MULTIPLY -> code.getstatic(OPERATORS, "MUL", ASSOCIATIVE);
            case AND -> code.getstatic(OPERATORS, "AND", ASSOCIATIVE);
            case OR -> code.getstatic(OPERATORS, "OR", ASSOCIATIVE);
            case XOR -> code.getstatic(OPERATORS, "XOR", ASSOCIATIVE);
            case SHIFT_LEFT -> code.getstatic(OPERATORS, "LSHL", BINARY);
            case SHIFT_RIGHT -> code.getstatic(OPERATORS, "ASHR", BINARY);
            case SHIFT_RIGHT_UNSIGNED -> code.getstatic(OPERATORS, "LSHR", BINARY);
        }
    }

    /** The operator of {@code x * y + z}. */
    void pushMultiplyAdd() {
        code.getstatic(OPERATORS, "FMA", TERNARY);
    }

    void pushOperator(Comparison comparison) {
        String field =
                switch (comparison) {
                    case EQUAL -> "EQ";
                    case NOT_EQUAL -> "NE";
                    case LESS -> "LT";
                    case LESS_OR_EQUAL -> "LE";
                    case GREATER -> "GT";
                    case GREATER_OR_EQUAL -> "GE";
                };
        code.getstatic(OPERATORS, field, COMPARISON);
    }

    /** An operator with one, two or three arguments, pushed after the first of them. */
    void lanewise(ValueType type, int arguments) {
        MethodTypeDesc signature =
                switch (arguments) {
                    case 1 -> MethodTypeDesc.of(vector(type), UNARY);
                    case 2 -> MethodTypeDesc.of(vector(type), BINARY, VECTOR);
                    case 3 -> MethodTypeDesc.of(vector(type), TERNARY, VECTOR, VECTOR);
                    default -> throw new AssertionError("no operator of " + arguments);
                };
        code.invokevirtual(vector(type), "lanewise", signature);
    }

    /** A shift of I32 by an int, whose operator was pushed before it. */
    void lanewiseShift() {
        code.invokevirtual(INT_VECTOR, "lanewise", MethodTypeDesc.of(INT_VECTOR, BINARY, CD_int));
    }

    /** A comparison, pushed after the first argument. */
    void compare(ValueType type) {
        code.invokevirtual(vector(type), "compare", MethodTypeDesc.of(MASK, COMPARISON, VECTOR));
    }

    void floatToBits() {
        code.invokevirtual(FLOAT_VECTOR, "reinterpretAsInts", MethodTypeDesc.of(INT_VECTOR));
    }

    void floatToInt() {
        convert(FLOAT_VECTOR, "F2I", ValueType.I32);
    }

    void intToFloat() {
        convert(INT_VECTOR, "I2F", ValueType.F32);
    }

    private void convert(ClassDesc from, String conversion, ValueType to) {
        code.getstatic(OPERATORS, conversion, CONVERSION);
        pushSpecies(to);
        code.loadConstant(0);
        code.invokevirtual(
                from, "convertShape", MethodTypeDesc.of(VECTOR, CONVERSION, SPECIES, CD_int));
        code.checkcast(vector(to));
    }

    void bitsToFloat() {
        code.invokevirtual(INT_VECTOR, "reinterpretAsFloats", MethodTypeDesc.of(FLOAT_VECTOR));
    }
}
