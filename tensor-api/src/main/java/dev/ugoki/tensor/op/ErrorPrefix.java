package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;

import java.lang.reflect.Modifier;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How messages of errors begin: with the method that the user called, since many methods are made
 * of several operations.
 *
 * <pre>{@code
 * throw new IllegalArgumentException(ErrorPrefix.of("gather") + ": the index must be I64 or I32");
 * // embedding: in gather: the index must be I64 or I32
 * }</pre>
 *
 * <p>It looks at the stack, and so is for errors only.
 */
public final class ErrorPrefix {
    /** Public classes that carry operations out, or describe them, but are none. */
    private static final Set<Class<?>> BESIDES =
            Set.of(Engine.class, Device.class, TensorScope.class, Shape.class, TensorType.class);

    private static final Set<String> INNER_PACKAGES = Set.of("op", "graph", "spi", "io", "kernel");
    private static final String OURS = "dev.ugoki.tensor";

    private ErrorPrefix() {}

    /**
     * The name of the public method of this library through which the user's code came here, and
     * {@code operation}, where that is something else: {@code embedding: in gather}.
     */
    public static String of(String operation) {
        String called = called();
        if (called.isEmpty()) {
            return operation;
        }
        return isSame(called, operation) ? called : called + ": in " + operation;
    }

    /** As {@link #of}, where the operation within is of no interest or has no name. */
    public static String orElse(String otherwise) {
        String called = called();
        return called.isEmpty() ? otherwise : called;
    }

    private static boolean isSame(String called, String operation) {
        String method = called.toLowerCase(Locale.ROOT);
        String inner = operation.toLowerCase(Locale.ROOT);
        return method.contains(inner) || inner.contains(method);
    }

    /** The outermost public method on top of the stack; empty if there is none. */
    private static String called() {
        return StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
                .walk(ErrorPrefix::outermost);
    }

    private static String outermost(Stream<StackWalker.StackFrame> frames) {
        String[] name = {""};
        frames.takeWhile(ErrorPrefix::isBelowUser)
                .filter(ErrorPrefix::isOperation)
                .forEach(frame -> name[0] = nameOf(frame));
        return name[0];
    }

    /** {@code Tensor.of} is {@code tensor}, all others have the method's name. */
    private static String nameOf(StackWalker.StackFrame frame) {
        String method = frame.getMethodName();
        if (!method.equals("of")) {
            return method;
        }
        String simple = frame.getDeclaringClass().getSimpleName();
        return Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
    }

    private static boolean isBelowUser(StackWalker.StackFrame frame) {
        String name = frame.getClassName();
        return name.startsWith(OURS + ".") || name.startsWith("java.") || name.startsWith("jdk.");
    }

    private static boolean isOperation(StackWalker.StackFrame frame) {
        Class<?> type = frame.getDeclaringClass();
        String method = frame.getMethodName();
        String folder = type.getPackageName();
        return folder.startsWith(OURS)
                && !INNER_PACKAGES.contains(folder.substring(folder.lastIndexOf('.') + 1))
                && Modifier.isPublic(type.getModifiers())
                && !BESIDES.contains(type)
                && method.indexOf('$') < 0
                && method.indexOf('<') < 0;
    }
}
