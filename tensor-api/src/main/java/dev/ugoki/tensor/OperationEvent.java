package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.spi.Stored;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * An operation that a backend ran, for JDK Flight Recorder. There are many, so it is off unless
 * asked for: {@code jfr configure dev.ugoki.Operation#enabled=true}. Off, the compiler removes it.
 */
@Name("dev.ugoki.Operation")
@Label("Operation")
@Category("Ugoki")
@Description("An operation on tensors, as long as its backend's call took")
@Enabled(false)
@StackTrace(false)
final class OperationEvent extends Event {
    @Label("Operation")
    String operation = "";

    @Label("Device")
    String device = "";

    @Label("First Operand")
    String operand = "";

    @Label("Result")
    String result = "";

    /** Ends it, and keeps it if it is wanted. */
    void report(Op op, Stored[] operands, Stored[] results) {
        end();
        if (shouldCommit()) {
            operation = op.name();
            device = results[0].storage().backend().device().toString();
            operand = operands.length == 0 ? "" : operands[0].type().toString();
            result = results[0].type().toString();
            commit();
        }
    }
}
