package dev.ugoki.cpu.generated;

import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Schedule;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import java.util.stream.IntStream;

/** Defines the hidden class of a kernel. */
final class KernelClass {
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(CD_void, CD_long.arrayType(), CD_long, CD_long, CD_long, CD_long);

    private static final String PART = "part";

    /** HotSpot's HugeMethodLimit: longer methods are only ever interpreted. */
    private static final int LONGEST_COMPILED = 8000;

    private KernelClass() {}

    /** New code for this kernel; it lives as long as it is referred to. */
    static KernelCode define(Kernel kernel, LoopShape shape, VectorWidth width) {
        byte[] bytes = bytes(kernel, shape, width);
        try {
            return HiddenClass.instance(KernelCode.class, bytes);
        } catch (Throwable e) {
            throw new IllegalStateException("generated class was refused, for\n" + kernel, e);
        }
    }

    static byte[] bytes(Kernel kernel, LoopShape shape, VectorWidth width) {
        Schedule schedule = Schedule.of(kernel, width.valuesPerPass());
        int last = Math.max(0, schedule.passes().size() - 1);
        boolean inBlocks = shape == LoopShape.FLAT && last > 0;
        if (!inBlocks && leastLength(schedule, shape, width) <= LONGEST_COMPILED) {
            byte[] whole = bytes(kernel, schedule, List.of(last), shape, width);
            if (longestMethod(whole) <= LONGEST_COMPILED) {
                return whole;
            }
        }
        List<Integer> everyPass = IntStream.rangeClosed(0, last).boxed().toList();
        byte[] divided = bytes(kernel, schedule, everyPass, shape, width);
        if (longestMethod(divided) > LONGEST_COMPILED) {
            throw new IllegalArgumentException(
                    "kernel has too many constants or values per row for the JIT (a method of %d"
                                    .formatted(longestMethod(divided))
                            + " bytes); divide it into several\n"
                            + kernel);
        }
        return divided;
    }

    /** What the code of all passes comes to at least: a value takes two loads, a call, a store. */
    private static int leastLength(Schedule schedule, LoopShape shape, VectorWidth width) {
        int values = schedule.passes().stream().mapToInt(p -> p.elementValues().size()).sum();
        return 9 * values * width.vectorsPerBlock() * (shape == LoopShape.WITH_TAIL ? 2 : 1);
    }

    private static int longestMethod(byte[] bytes) {
        return ClassFile.of().parse(bytes).methods().stream()
                .flatMap(method -> method.findAttribute(Attributes.code()).stream())
                .mapToInt(CodeAttribute::codeLength)
                .max()
                .orElseThrow();
    }

    /** A class with a method for the passes up to each of {@code lastPasses}. */
    private static byte[] bytes(
            Kernel kernel,
            Schedule schedule,
            List<Integer> lastPasses,
            LoopShape shape,
            VectorWidth width) {
        return HiddenClass.bytes(
                KernelCode.class,
                type -> {
                    withRun(type, lastPasses.size(), shape);
                    int first = 0;
                    for (int part = 0; part < lastPasses.size(); part++) {
                        int from = first;
                        int to = lastPasses.get(part);
                        type.withMethodBody(
                                PART + part,
                                RUN,
                                ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC,
                                code ->
                                        new KernelEmitter(
                                                        kernel, schedule, from, to, shape, width,
                                                        code)
                                                .emit());
                        first = to + 1;
                    }
                });
    }

    /** Calls the only part; or, for each row (or block of a flat kernel), one after the other. */
    private static void withRun(ClassBuilder type, int parts, LoopShape shape) {
        type.withMethodBody(
                "run",
                RUN,
                ClassFile.ACC_PUBLIC,
                code -> {
                    if (parts == 1) {
                        call(code, 0, 2, 4);
                    } else {
                        callPartsInTurn(code, parts, shape);
                    }
                    code.return_();
                });
    }

    private static void callPartsInTurn(CodeBuilder code, int parts, LoopShape shape) {
        long step = shape == LoopShape.FLAT ? KernelEmitter.FLAT_BLOCK : 1;
        int from = code.allocateLocal(TypeKind.LONG);
        int to = code.allocateLocal(TypeKind.LONG);
        Label head = code.newLabel();
        Label done = code.newLabel();
        code.lload(2).lstore(from);
        code.labelBinding(head).lload(from).lload(4).lcmp().ifge(done);
        code.lload(from).loadConstant(step).ladd().lload(4);
        code.invokestatic(
                HiddenClass.desc(Math.class), "min", MethodTypeDesc.of(CD_long, CD_long, CD_long));
        code.lstore(to);
        for (int part = 0; part < parts; part++) {
            call(code, part, from, to);
        }
        code.lload(to).lstore(from).goto_(head).labelBinding(done);
    }

    private static void call(CodeBuilder code, int part, int from, int to) {
        code.aload(1).lload(from).lload(to).lload(6).lload(8);
        code.invokestatic(HiddenClass.NAME, PART + part, RUN);
    }
}
