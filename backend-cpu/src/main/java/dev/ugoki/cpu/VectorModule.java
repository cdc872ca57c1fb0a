package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

/**
 * Whether the Vector API can be used. It is an incubator module, which a JVM leaves out unless it
 * is asked for; classes whose names begin with {@code Vector} are loaded only if it is there.
 */
public final class VectorModule {
    private static final String NAME = "jdk.incubator.vector";

    /** The system property that, set to {@code none}, asks for the scalar kernels. */
    public static final String PROPERTY = "ugoki.vector";

    private static final @Nullable String PROBLEM = search();

    private VectorModule() {}

    private static @Nullable String search() {
        if (System.getProperty(PROPERTY, "").equals("none")) {
            return "-D" + PROPERTY + "=none asks to do without it";
        }
        boolean readable =
                ModuleLayer.boot()
                        .findModule(NAME)
                        .filter(VectorModule.class.getModule()::canRead)
                        .isPresent();
        if (!readable) {
            return "the module " + NAME + " is missing; start Java with --add-modules " + NAME;
        }
        return null;
    }

    /** Whether vector kernels are used. */
    public static boolean isUsable() {
        return PROBLEM == null;
    }

    /** Why scalar kernels are used, and what to do; null if vector kernels are. */
    public static @Nullable String unusableBecause() {
        return PROBLEM;
    }
}
