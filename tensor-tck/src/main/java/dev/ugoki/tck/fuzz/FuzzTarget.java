package dev.ugoki.tck.fuzz;

import dev.ugoki.tck.Row;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Op;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;

/** Something public that can be called: a method, or an operation's record, which is applied. */
sealed interface FuzzTarget {
    /** What is called, such as {@code Tensor.matmul(Tensor)}. */
    String label();

    /** How messages of its errors may begin, called with these arguments. */
    Set<String> prefixes(@Nullable Object[] arguments);

    /** The types of its arguments; of a method of an instance that comes first. */
    AnnotatedType[] parameters();

    /** Calls it; what it throws comes out as it is. */
    @Nullable Object call(@Nullable Object[] arguments) throws Throwable;

    /** A public method of a public class. */
    record OfMethod(Method method) implements FuzzTarget {
        @Override
        public String label() {
            String types =
                    String.join(
                            ", ",
                            Arrays.stream(method.getParameterTypes())
                                    .map(Class::getSimpleName)
                                    .toList());
            return method.getDeclaringClass().getSimpleName()
                    + "."
                    + method.getName()
                    + "("
                    + types
                    + ")";
        }

        @Override
        public Set<String> prefixes(@Nullable Object[] arguments) {
            String simple = lowered(method.getDeclaringClass());
            return Set.of(method.getName(), simple);
        }

        @Override
        public AnnotatedType[] parameters() {
            AnnotatedType[] own = method.getAnnotatedParameterTypes();
            return Modifier.isStatic(method.getModifiers())
                    ? own
                    : Stream.concat(
                                    Stream.of(method.getAnnotatedReceiverType()),
                                    Arrays.stream(own))
                            .toArray(AnnotatedType[]::new);
        }

        @Override
        public @Nullable Object call(@Nullable Object[] arguments) throws Throwable {
            boolean isStatic = Modifier.isStatic(method.getModifiers());
            try {
                return isStatic
                        ? method.invoke(null, arguments)
                        : method.invoke(
                                arguments[0], Arrays.copyOfRange(arguments, 1, arguments.length));
            } catch (InvocationTargetException e) {
                throw cause(e);
            }
        }
    }

    /** A record of an operation, applied to operands: the last argument is a {@code Tensor[]}. */
    record OfOperation(Constructor<?> constructor, boolean inPlace) implements FuzzTarget {
        @Override
        public String label() {
            return (inPlace ? "Engine.update " : "Engine.apply ")
                    + constructor.getDeclaringClass().getSimpleName();
        }

        @Override
        public Set<String> prefixes(@Nullable Object[] arguments) {
            try {
                return Set.of(operation(arguments).name());
            } catch (Throwable e) {
                return Set.of(lowered(constructor.getDeclaringClass()));
            }
        }

        @Override
        public AnnotatedType[] parameters() {
            return Stream.concat(
                            Arrays.stream(constructor.getAnnotatedParameterTypes()),
                            Stream.of(OPERANDS))
                    .toArray(AnnotatedType[]::new);
        }

        @Override
        public @Nullable Object call(@Nullable Object[] arguments) throws Throwable {
            Op op = operation(arguments);
            Tensor[] operands = (Tensor[]) arguments[arguments.length - 1];
            if (operands == null) {
                throw new IllegalStateException("operands are drawn, and never null");
            }
            if (!inPlace) {
                return Engine.apply(op, operands);
            }
            Engine.update(op, operands);
            return operands;
        }

        /** The operation that the arguments make. */
        Op operation(@Nullable Object[] arguments) throws Throwable {
            try {
                return (Op) constructor.newInstance(Arrays.copyOf(arguments, arguments.length - 1));
            } catch (InvocationTargetException e) {
                throw cause(e);
            }
        }

        private static final AnnotatedType OPERANDS = operandsType();

        private static AnnotatedType operandsType() {
            try {
                return Engine.class.getMethod("apply", Op.class, Tensor[].class)
                        .getAnnotatedParameterTypes()[1];
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** An operation of a row of the kit, perhaps with another setting. */
    record OfRow(Row row) implements FuzzTarget {
        @Override
        public String label() {
            return "row " + row.name();
        }

        @Override
        public Set<String> prefixes(@Nullable Object[] arguments) {
            return arguments[0] instanceof Op op ? Set.of(op.name()) : Set.of();
        }

        @Override
        public AnnotatedType[] parameters() {
            return new AnnotatedType[0];
        }

        @Override
        public @Nullable Object call(@Nullable Object[] arguments) {
            if (arguments[0] instanceof Op op && arguments[1] instanceof Tensor[] operands) {
                if (!Boolean.TRUE.equals(arguments[2])) {
                    return Engine.apply(op, operands);
                }
                Engine.update(op, operands);
                return operands;
            }
            throw new IllegalStateException("a row is drawn as an operation and its operands");
        }
    }

    private static Throwable cause(InvocationTargetException e) {
        Throwable cause = e.getCause();
        return cause == null ? e : cause;
    }

    private static String lowered(Class<?> type) {
        String simple = type.getSimpleName();
        return Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
    }
}
