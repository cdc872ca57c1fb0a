package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.Iterator;

/**
 * An operation's settings in a case, by name; a setting that is missing or of another kind throws.
 */
final class Attributes {
    private final JsonNode node;

    Attributes(JsonNode node) {
        this.node = node;
    }

    boolean has(String name) {
        return node.hasNonNull(name);
    }

    double number(String name) {
        return value(name, JsonNode::isNumber, "a number").doubleValue();
    }

    long integer(String name) {
        return value(name, JsonNode::canConvertToLong, "an integer").longValue();
    }

    int dim(String name) {
        return Math.toIntExact(integer(name));
    }

    boolean flag(String name) {
        return value(name, JsonNode::isBoolean, "true or false").booleanValue();
    }

    /** A flag that may be left out, and then is false. */
    boolean flagIfGiven(String name) {
        return flag(name, false);
    }

    double number(String name, double otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    long integer(String name, long otherwise) {
        return has(name) ? integer(name) : otherwise;
    }

    boolean flag(String name, boolean otherwise) {
        return has(name) ? flag(name) : otherwise;
    }

    long[] integers(String name, long[] otherwise) {
        return has(name) ? integers(name) : otherwise;
    }

    String text(String name) {
        return value(name, JsonNode::isTextual, "a text").textValue();
    }

    long[] integers(String name) {
        return listOf(value(name, JsonNode::isArray, "a list"));
    }

    /** Dimensions; none where the setting is null, which means all. */
    int[] dims(String name) {
        return has(name) ? toInts(integers(name)) : new int[0];
    }

    /** A pair for each dimension. */
    long[][] pairs(String name) {
        JsonNode list = value(name, JsonNode::isArray, "a list");
        long[][] pairs = new long[list.size()][];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = listOf(list.get(i));
        }
        return pairs;
    }

    static long[] listOf(JsonNode list) {
        long[] values = new long[list.size()];
        Iterator<JsonNode> each = list.elements();
        for (int i = 0; i < values.length; i++) {
            JsonNode value = each.next();
            if (!value.canConvertToLong()) {
                throw new IllegalArgumentException("not a list of integers: " + list);
            }
            values[i] = value.longValue();
        }
        return values;
    }

    static int[] toInts(long[] values) {
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = Math.toIntExact(values[i]);
        }
        return ints;
    }

    private JsonNode value(
            String name, java.util.function.Predicate<JsonNode> accepts, String kind) {
        JsonNode value = node.path(name);
        if (!accepts.test(value)) {
            throw new IllegalArgumentException(
                    "attribute '" + name + "' must be " + kind + ", in " + node);
        }
        return value;
    }
}
