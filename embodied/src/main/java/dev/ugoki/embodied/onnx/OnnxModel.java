package dev.ugoki.embodied.onnx;

import dev.ugoki.tensor.io.HostArray;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;

/**
 * What a file says, before anything is made of it.
 *
 * @param operatorSets the versions of operators by domain; ONNX's own is ""
 */
record OnnxModel(Map<String, Long> operatorSets, Program program) {

    /** Nodes in order, with the tensors that the file brings along. */
    record Program(
            String name,
            List<Value> inputs,
            List<Value> outputs,
            List<Node> nodes,
            Map<String, HostArray> initializers) {}

    /**
     * A value with a name and, but within loops, a type.
     *
     * @param extents null where the file does not say how many dimensions there are
     */
    record Value(String name, @Nullable OnnxType type, @Nullable List<Extent> extents) {}

    /**
     * How long a dimension is: a number, or a name (which may be empty) for one that is free.
     *
     * @param value negative where free
     */
    record Extent(long value, String name) {}

    /** One operator applied. An operand that is left out has an empty name. */
    record Node(
            String name,
            String operator,
            String domain,
            List<String> inputs,
            List<String> outputs,
            Map<String, Attribute> attributes) {
        /** For messages: {@code Gemm 'dense_1'}. */
        String describe() {
            return operator + " '" + (name.isEmpty() ? String.join(",", outputs) : name) + "'";
        }
    }

    /** A setting of an operator. */
    sealed interface Attribute {
        record Decimal(float value) implements Attribute {}

        record Whole(long value) implements Attribute {}

        record Text(String value) implements Attribute {}

        record Array(HostArray value) implements Attribute {}

        record Body(Program value) implements Attribute {}

        record Decimals(List<Float> values) implements Attribute {}

        record Wholes(List<Long> values) implements Attribute {}

        record Other(String kind) implements Attribute {}
    }
}
