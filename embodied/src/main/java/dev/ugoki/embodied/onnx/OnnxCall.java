package dev.ugoki.embodied.onnx;

import dev.ugoki.embodied.onnx.OnnxModel.Attribute;
import dev.ugoki.embodied.onnx.OnnxModel.Node;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A node that is being read, with its operands: what the table of {@link OnnxOperators} works on.
 *
 * @param version of the operator set
 * @param operands null where one is left out
 * @param known the numbers of operands that do not depend on the program's inputs, as far as they
 *     are few; null for others
 * @param bodies the graphs among the attributes, by name
 */
record OnnxCall(
        Node node,
        long version,
        @Nullable Tensor[] operands,
        Known[] known,
        java.util.Map<String, Graph> bodies) {
    /** Numbers that are known when a file is read. */
    record Known(long @Nullable [] wholes, double @Nullable [] decimals) {
        static final Known NOTHING = new Known(null, null);
    }

    /** The same with other tensors. */
    OnnxCall with(@Nullable Tensor[] others) {
        return new OnnxCall(node, version, others, known, bodies);
    }

    int operandCount() {
        return operands.length;
    }

    boolean has(int operand) {
        return operand < operands.length && operands[operand] != null;
    }

    Tensor operand(int number) {
        Tensor operand = number < operands.length ? operands[number] : null;
        if (operand == null) {
            throw new IllegalArgumentException("operand " + number + " is missing");
        }
        return operand;
    }

    @Nullable Tensor operandOrNull(int number) {
        return number < operands.length ? operands[number] : null;
    }

    /** An operand's whole numbers, which must be known now. */
    long[] wholes(int operand) {
        long[] wholes = has(operand) ? known[operand].wholes() : null;
        if (wholes == null) {
            throw new IllegalArgumentException(
                    "operand "
                            + operand
                            + (has(operand)
                                    ? " depends on the model's inputs, and shapes may not"
                                    : " is missing"));
        }
        return wholes;
    }

    /** An operand's one number, which must be known now. */
    double decimal(int operand) {
        double[] decimals = has(operand) ? known[operand].decimals() : null;
        if (decimals == null || decimals.length != 1) {
            throw new IllegalArgumentException(
                    "operand " + operand + " must be one number that is known beforehand");
        }
        return decimals[0];
    }

    /** Whole numbers of an attribute or, in later versions, of an operand; null if neither. */
    long @Nullable [] wholes(String attribute, int operand) {
        if (has(operand)) {
            return wholes(operand);
        }
        return switch (node.attributes().get(attribute)) {
            case null -> null;
            case Attribute.Wholes(List<Long> values) ->
                    values.stream().mapToLong(Long::longValue).toArray();
            default -> throw wrong(attribute, "a list of whole numbers");
        };
    }

    long[] wholes(String attribute, long[] otherwise) {
        long[] found = wholes(attribute, Integer.MAX_VALUE);
        return found == null ? otherwise : found;
    }

    long whole(String attribute, long otherwise) {
        return switch (node.attributes().get(attribute)) {
            case null -> otherwise;
            case Attribute.Whole(long value) -> value;
            default -> throw wrong(attribute, "a whole number");
        };
    }

    /** A whole number, such as a dimension, that fits an int. */
    int small(String attribute, int otherwise) {
        return Math.toIntExact(whole(attribute, otherwise));
    }

    double decimal(String attribute, double otherwise) {
        return switch (node.attributes().get(attribute)) {
            case null -> otherwise;
            case Attribute.Decimal(float value) -> value;
            default -> throw wrong(attribute, "a number");
        };
    }

    String text(String attribute, String otherwise) {
        return switch (node.attributes().get(attribute)) {
            case null -> otherwise;
            case Attribute.Text(String value) -> value;
            default -> throw wrong(attribute, "a text");
        };
    }

    /** Refuses a setting that changes the meaning and is not supported. */
    void require(boolean supported, String what) {
        if (!supported) {
            throw new IllegalArgumentException(what + " is not supported");
        }
    }

    private static IllegalArgumentException wrong(String attribute, String wanted) {
        return new IllegalArgumentException("attribute '" + attribute + "' must be " + wanted);
    }
}
