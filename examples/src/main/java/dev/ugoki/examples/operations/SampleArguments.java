package dev.ugoki.examples.operations;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Values to call methods with, by the types of their parameters: small tensors of every usual rank,
 * and small numbers. A method is called with one combination after the other until one is accepted.
 */
final class SampleArguments {
    /** Stands for null, where a parameter may be that. */
    static final Object NOTHING = new Object();

    /** How many shapes there are; the first few fit most methods. */
    static final int ALL_SHAPES = 18;

    private static final List<Shape> SHAPES =
            List.of(
                    Shape.of(2, 3),
                    Shape.of(3),
                    Shape.of(3, 3),
                    Shape.of(2),
                    Shape.SCALAR,
                    Shape.of(4),
                    Shape.of(2, 3, 4),
                    Shape.of(1, 2, 5),
                    Shape.of(2, 2, 3),
                    Shape.of(1, 2, 5, 5),
                    Shape.of(2, 2, 3, 3),
                    Shape.of(1, 2, 4, 4, 4),
                    Shape.of(2, 2, 3, 3, 3),
                    Shape.of(2, 4),
                    Shape.of(6),
                    Shape.of(1),
                    Shape.of(1, 8, 9),
                    Shape.of(1, 4, 2));

    /** A tensor that is made where it is needed. */
    record Sample(DType dtype, Shape shape) {
        /**
         * A tensor on the current device: numbers within 0 and 1, or 0 and 1 in turns.
         *
         * @param number other numbers for each
         */
        Tensor make(int number) {
            double[] values = new double[Math.toIntExact(shape.elementCount())];
            for (int i = 0; i < values.length; i++) {
                values[i] = dtype.isFloating() ? fraction(i, number) : i % 2;
            }
            return Tensor.of(values, shape.toArray()).cast(dtype);
        }

        /** Between 0.2 and 0.8, no two equal; square matrices are positive definite. */
        private double fraction(int i, int number) {
            int rank = shape.rank();
            if (rank < 2 || shape.extent(-1) != shape.extent(-2)) {
                return 0.2 + 0.6 * ((i + 0.1 * number) * 0.6180339887498949 % 1);
            }
            int width = (int) shape.extent(-1);
            int row = i / width % width;
            int column = i % width;
            double near = (row + 1) * (column + 1) + 0.1 * number;
            double off = 0.2 + 0.1 * (near * 0.6180339887498949 % 1);
            return row == column ? off + 0.4 + 0.01 * row : off;
        }
    }

    private SampleArguments() {}

    /**
     * The values to try for each argument of {@code method}, the receiver first if it has one;
     * empty if there are none for some type.
     *
     * @param dtype of most tensors, and of at least one
     * @param shapes how many to try for each tensor
     */
    static List<List<Object>> of(Method method, DType dtype, int shapes) {
        List<List<Object>> all = new ArrayList<>();
        if (!Modifier.isStatic(method.getModifiers())) {
            all.add(
                    ofType(
                            method.getDeclaringClass(),
                            method.getDeclaringClass(),
                            dtype,
                            method,
                            shapes));
        }
        for (Parameter parameter : method.getParameters()) {
            all.add(
                    isNullable(parameter.getAnnotatedType())
                            ? List.of(NOTHING)
                            : ofType(
                                    parameter.getType(),
                                    parameter.getParameterizedType(),
                                    dtype,
                                    method,
                                    shapes));
        }
        return all.stream().anyMatch(List::isEmpty) ? List.of() : all;
    }

    private static boolean isNullable(AnnotatedType type) {
        return type.isAnnotationPresent(Nullable.class);
    }

    /** The dtypes that an operation on {@code dtype} may also take: of indices and masks. */
    static Set<DType> dtypesWith(DType dtype) {
        return new LinkedHashSet<>(List.of(dtype, DType.I64, DType.BOOL));
    }

    private static List<Object> ofType(
            Class<?> type, Type generic, DType dtype, Method method, int shapes) {
        if (type == Tensor.class) {
            return new ArrayList<>(samples(dtype, shapes));
        }
        if (type == Tensor[].class) {
            return samples(dtype, shapes).stream().<Object>map(SampleArguments::twice).toList();
        }
        if (type == List.class && generic instanceof ParameterizedType list) {
            return list.getActualTypeArguments()[0] == Tensor.class
                    ? samples(dtype, shapes).stream()
                            .<Object>map(sample -> List.of(sample, sample))
                            .toList()
                    : List.of();
        }
        if (type == DType.class) {
            return takesTensors(method)
                    ? List.of(dtype == DType.F32 ? DType.F64 : DType.F32, dtype)
                    : List.of(dtype);
        }
        if (type.isEnum()) {
            return Arrays.asList((Object[]) type.getEnumConstants());
        }
        return plain(type);
    }

    private static Sample[] twice(Sample sample) {
        return new Sample[] {sample, sample};
    }

    private static List<Sample> samples(DType dtype, int shapes) {
        return dtypesWith(dtype).stream()
                .flatMap(
                        each -> SHAPES.stream().limit(shapes).map(shape -> new Sample(each, shape)))
                .toList();
    }

    static boolean takesTensors(Method method) {
        return (!Modifier.isStatic(method.getModifiers())
                        && method.getDeclaringClass() == Tensor.class)
                || Stream.of(method.getGenericParameterTypes())
                        .anyMatch(each -> each.getTypeName().contains(Tensor.class.getName()));
    }

    private static List<Object> plain(Class<?> type) {
        return switch (type.getName()) {
            case "boolean" -> List.of(false, true);
            case "int" -> List.of(1, 0, 2, 3);
            case "long" -> List.of(1L, 0L, 2L, 3L);
            case "double" -> List.of(0.5, 1.0, 2.0);
            case "float" -> List.of(0.5f);
            case "java.lang.Number" -> List.of(0.25, 0.75, 2);
            case "java.lang.String" -> List.of("ij,jk->ik");
            case "[I" ->
                    List.of(new int[] {}, new int[] {0}, new int[] {1, 0}, new int[] {0, 1, 2, 3});
            case "[J" ->
                    Stream.of("2,3", "6", "3,2", "2", "1", "3", "0", "2,2", "1,1", "0,0")
                            .<Object>map(SampleArguments::longs)
                            .toList();
            case "[[J" -> List.of(new long[][] {{1, 1}, {0, 1}}, new long[][] {{1, 1}});
            case "[F" -> List.of(new float[6]);
            case "[D" -> List.of(new double[] {0.5, 0.75}, new double[6]);
            case "[Z" -> List.of(new boolean[6]);
            default -> constants(type);
        };
    }

    private static long[] longs(String text) {
        return Arrays.stream(text.split(","))
                .filter(part -> !part.isEmpty())
                .mapToLong(Long::parseLong)
                .toArray();
    }

    /** What a factory makes of nothing, or of two extents. */
    private static List<Object> made(Method factory) {
        try {
            if (factory.getParameterCount() == 0) {
                return List.of(factory.invoke(null));
            }
            return List.of(factory.getParameterTypes()).equals(List.of(long[].class))
                    ? List.of(factory.invoke(null, new long[] {2, 2}))
                    : List.of();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot call " + factory, e);
        }
    }

    private static List<Object> constants(Class<?> type) {
        if (type == Shape.class) {
            return List.of(Shape.of(2, 3), Shape.of(6), Shape.SCALAR);
        }
        if (type == Key.class) {
            return List.of(Key.of(7));
        }
        if (type == Device.class) {
            return List.of(Device.cpu());
        }
        if (type.isArray()) {
            return plain(type.componentType()).stream()
                    .map(
                            each -> {
                                Object array = Array.newInstance(type.componentType(), 1);
                                Array.set(array, 0, each);
                                return array;
                            })
                    .toList();
        }
        List<Object> constants = new ArrayList<>();
        for (Method factory : type.getMethods()) {
            if (Modifier.isStatic(factory.getModifiers()) && factory.getReturnType() == type) {
                constants.addAll(made(factory));
            }
        }
        for (Field field : type.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == type) {
                try {
                    constants.add(field.get(null));
                } catch (IllegalAccessException e) {
                    throw new IllegalStateException(field + " is public", e);
                }
            }
        }
        return constants;
    }
}
