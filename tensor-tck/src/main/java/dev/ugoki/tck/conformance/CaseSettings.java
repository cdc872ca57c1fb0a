package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The configuration of a case of a model. A setting that is missing or of another kind throws; one
 * that is never asked for fails the case, since what was built then is not what it describes.
 */
public final class CaseSettings {
    private final JsonNode node;
    private final Attributes values;
    private final Set<String> read = new HashSet<>();

    CaseSettings(JsonNode node) {
        this.node = node;
        this.values = new Attributes(node);
    }

    /** The whole configuration as it stands there; this does not count as reading it. */
    public JsonNode json() {
        return node;
    }

    /** Whether a setting is there and not null. */
    public boolean has(String name) {
        read.add(name);
        return values.has(name);
    }

    /** A whole number that an {@code int} holds. */
    public int integer(String name) {
        read.add(name);
        return values.dim(name);
    }

    /** As {@link #integer(String)}, or {@code otherwise} where it is missing or null. */
    public int integer(String name, int otherwise) {
        return has(name) ? integer(name) : otherwise;
    }

    public double number(String name) {
        read.add(name);
        return values.number(name);
    }

    /** As {@link #number(String)}, or {@code otherwise} where it is missing or null. */
    public double number(String name, double otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    public boolean flag(String name) {
        read.add(name);
        return values.flag(name);
    }

    /** As {@link #flag(String)}, or {@code otherwise} where it is missing or null. */
    public boolean flag(String name, boolean otherwise) {
        return has(name) ? flag(name) : otherwise;
    }

    public String text(String name) {
        read.add(name);
        return values.text(name);
    }

    /** As {@link #text(String)}, or {@code otherwise} where it is missing or null. */
    public String text(String name, String otherwise) {
        return has(name) ? text(name) : otherwise;
    }

    /** A list of whole numbers. */
    public List<Integer> integers(String name) {
        read.add(name);
        List<Integer> list = new ArrayList<>();
        for (long each : values.integers(name)) {
            list.add(Math.toIntExact(each));
        }
        return List.copyOf(list);
    }

    /** A list of texts. */
    public List<String> texts(String name) {
        read.add(name);
        List<String> list = new ArrayList<>();
        for (JsonNode each : node.path(name)) {
            if (!each.isTextual()) {
                throw new IllegalArgumentException(
                        "setting '" + name + "' must be a list of texts, and is " + node.get(name));
            }
            list.add(each.textValue());
        }
        return List.copyOf(list);
    }

    /**
     * Says that results do not depend on these settings, whatever they are: how fast something
     * runs, or how often it is saved.
     */
    public void ignore(String... names) {
        read.addAll(List.of(names));
    }

    /**
     * Says that one value of a setting is known.
     *
     * @throws UnsupportedOperationException if it is another
     */
    public void require(String name, String known) {
        if (!text(name, known).equals(known)) {
            throw new UnsupportedOperationException(
                    "there is no " + name + " '" + text(name) + "'; '" + known + "' is known");
        }
    }

    /** The names that nobody has asked for. */
    Set<String> unread() {
        Set<String> unread = new TreeSet<>();
        node.fieldNames().forEachRemaining(unread::add);
        unread.removeAll(read);
        return unread;
    }
}
