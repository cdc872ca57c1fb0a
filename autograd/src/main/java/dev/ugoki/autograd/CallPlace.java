package dev.ugoki.autograd;

import org.jspecify.annotations.Nullable;

import java.lang.StackWalker.StackFrame;
import java.util.Iterator;

/** Where in the user's code an operation was called. */
final class CallPlace {
    private static final StackWalker WALKER = StackWalker.getInstance();
    private static final String LAYERS = "dev.ugoki.nn.";

    private CallPlace() {}

    /**
     * The innermost frame of this thread outside of Ugoki's tensors, gradients and layers, and the
     * layer that was called there, if one was.
     */
    static String find() {
        return WALKER.walk(frames -> describe(frames.iterator()));
    }

    private static String describe(Iterator<StackFrame> frames) {
        StackFrame layer = null;
        while (frames.hasNext()) {
            StackFrame frame = frames.next();
            String name = frame.getClassName();
            if (name.startsWith(LAYERS)) {
                // What is not in a package within that is what layers are made with.
                boolean isLayer = name.indexOf('.', LAYERS.length()) > 0;
                layer = layer == null && isLayer ? frame : layer;
            } else if (!isInside(name)) {
                return print(frame) + (layer == null ? "" : ", in " + print(layer));
            }
        }
        return print(layer);
    }

    private static boolean isInside(String className) {
        return className.startsWith("dev.ugoki.tensor.")
                || className.startsWith("dev.ugoki.autograd.")
                || className.startsWith("java.")
                || className.startsWith("jdk.");
    }

    private static String print(@Nullable StackFrame frame) {
        return frame == null
                ? "an unknown place"
                : frame.getClassName()
                        + "."
                        + frame.getMethodName()
                        + "("
                        + frame.getFileName()
                        + ":"
                        + frame.getLineNumber()
                        + ")";
    }
}
