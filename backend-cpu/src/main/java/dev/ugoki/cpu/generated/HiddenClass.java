package dev.ugoki.cpu.generated;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AccessFlag;
import java.util.function.Consumer;

/** A generated class without fields, which implements one interface and lives as its instance. */
final class HiddenClass {
    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    static final ClassDesc NAME = ClassDesc.of(HiddenClass.class.getPackageName(), "Generated");

    private HiddenClass() {}

    /** The bytes of a class with these methods and a constructor. */
    static byte[] bytes(Class<?> type, Consumer<ClassBuilder> methods) {
        return ClassFile.of()
                .build(
                        NAME,
                        builder -> {
                            builder.withFlags(AccessFlag.FINAL, AccessFlag.SYNTHETIC);
                            builder.withInterfaceSymbols(desc(type));
                            withConstructor(builder);
                            methods.accept(builder);
                        });
    }

    /** The only instance of a new class. */
    static <T> T instance(Class<T> type, byte[] bytes) throws Throwable {
        MethodHandles.Lookup defined = LOOKUP.defineHiddenClass(bytes, true);
        return type.cast(
                defined.findConstructor(defined.lookupClass(), MethodType.methodType(void.class))
                        .invoke());
    }

    static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
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
