package dev.ugoki.cpu.generated;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import dev.ugoki.tensor.kernel.Kernel;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.AccessFlag;

/** Defines the hidden class of a kernel. */
final class KernelClass {
    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    private static final ClassDesc NAME =
            ClassDesc.of(KernelClass.class.getPackageName(), "Generated");
    private static final ClassDesc INTERFACE = KernelCode.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(CD_void, CD_long.arrayType(), CD_long, CD_long, CD_long, CD_long);

    private KernelClass() {}

    /** New code for this kernel; it lives as long as it is referred to. */
    static KernelCode define(Kernel kernel, LoopShape shape, VectorWidth width) {
        byte[] bytes = bytes(kernel, shape, width);
        try {
            MethodHandles.Lookup defined = LOOKUP.defineHiddenClass(bytes, true);
            return (KernelCode)
                    defined.findConstructor(
                                    defined.lookupClass(),
                                    java.lang.invoke.MethodType.methodType(void.class))
                            .invoke();
        } catch (Throwable e) {
            throw new IllegalStateException("generated class was refused, for\n" + kernel, e);
        }
    }

    static byte[] bytes(Kernel kernel, LoopShape shape, VectorWidth width) {
        return ClassFile.of()
                .build(
                        NAME,
                        type -> {
                            type.withFlags(AccessFlag.FINAL, AccessFlag.SYNTHETIC);
                            type.withInterfaceSymbols(INTERFACE);
                            withConstructor(type);
                            type.withMethodBody(
                                    "run",
                                    RUN,
                                    ClassFile.ACC_PUBLIC,
                                    code -> new KernelEmitter(kernel, shape, width, code).emit());
                        });
    }

    private static void withConstructor(ClassBuilder type) {
        type.withMethodBody(
                INIT_NAME,
                MTD_void,
                ClassFile.ACC_PUBLIC,
                (CodeBuilder code) ->
                        code.aload(0).invokespecial(CD_Object, INIT_NAME, MTD_void).return_());
    }
}
