package dev.ugoki.tck.fuzz;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A record that holds tensors, such as a part of an index, which is made on each device that the
 * call runs on.
 *
 * @param family the type that the call asks for
 * @param components as drawn
 */
record DrawnRecord(Class<?> family, Constructor<?> constructor, List<Object> components) {
    /** The record with {@code ready} components. */
    Object make(UnaryOperator<@Nullable Object> ready) {
        Object[] values = components.stream().map(ready).toArray();
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw new HostileArguments.Refused(constructor.getDeclaringClass(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The drawn tensors that it holds. */
    List<DrawnTensor> tensors() {
        List<DrawnTensor> held = new ArrayList<>();
        for (Object component : components) {
            if (component instanceof DrawnTensor tensor) {
                held.add(tensor);
            }
        }
        return held;
    }

    @Override
    public String toString() {
        return constructor.getDeclaringClass().getSimpleName()
                + Arrays.toString(components.toArray());
    }
}
