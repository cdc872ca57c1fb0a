package dev.ugoki.tck.reference;

import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

import java.lang.reflect.Method;
import java.util.concurrent.atomic.AtomicReference;

/** Runs each test method with the reference device as the current one. */
public final class OnReference implements InvocationInterceptor {
    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation,
            ReflectiveInvocationContext<Method> context,
            ExtensionContext extensionContext)
            throws Throwable {
        interceptTestMethod(invocation, context, extensionContext);
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation,
            ReflectiveInvocationContext<Method> context,
            ExtensionContext extensionContext)
            throws Throwable {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Device.parse(ReferenceProvider.KIND)
                .run(
                        () -> {
                            try {
                                invocation.proceed();
                            } catch (Throwable e) {
                                thrown.set(e);
                            }
                        });
        if (thrown.get() != null) {
            throw thrown.get();
        }
    }
}
