package dev.ugoki.embodied.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.tensor.io.FileFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * An object of settings: each is taken by name and kind, and at the end {@link #done} refuses what
 * nobody asked for.
 *
 * <p>A setting that a reader does not know may well change what the others mean, so ignoring it
 * would be guessing.
 */
public final class JsonSettings {
    private final Path file;
    private final String prefix;
    private final ObjectNode object;
    private final Set<String> taken = new LinkedHashSet<>();

    /** The settings in an object that was read from a file. */
    public static JsonSettings of(Path file, ObjectNode object) {
        return new JsonSettings(file, "", object);
    }

    JsonSettings(Path file, String prefix, ObjectNode object) {
        this.file = file;
        this.prefix = prefix;
        this.object = object;
    }

    /** The file that this was read from. */
    public Path file() {
        return file;
    }

    /** All settings as they were read, in one line. */
    public String line() throws IOException {
        return Json.line(object);
    }

    /** The names of all settings, in the file's order. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** Whether there is a setting of that name that is not null. */
    public boolean has(String name) {
        return object.hasNonNull(name);
    }

    /** Takes a string. */
    public String text(String name) throws FileFormatException {
        JsonNode node = take(name);
        if (!node.isTextual()) {
            throw wrong(name, "is " + brief(node) + ", not a string");
        }
        return node.textValue();
    }

    /** Takes a boolean. */
    public boolean flag(String name) throws FileFormatException {
        JsonNode node = take(name);
        if (!node.isBoolean()) {
            throw wrong(name, "is " + brief(node) + ", not true or false");
        }
        return node.booleanValue();
    }

    /** Takes a whole number within bounds, both included. */
    public long integer(String name, long least, long most) throws FileFormatException {
        JsonNode node = take(name);
        if (!node.isIntegralNumber() || !node.canConvertToLong()) {
            throw wrong(name, "is " + brief(node) + ", not a whole number");
        }
        if (node.longValue() < least || node.longValue() > most) {
            throw wrong(name, "is %s, not within %d and %d".formatted(node, least, most));
        }
        return node.longValue();
    }

    /** Takes a number. */
    public double number(String name) throws FileFormatException {
        JsonNode node = take(name);
        if (!node.isNumber()) {
            throw wrong(name, "is " + brief(node) + ", not a number");
        }
        return node.doubleValue();
    }

    /** Takes a list of numbers. */
    public double[] numbers(String name) throws FileFormatException {
        JsonNode list = list(name);
        double[] values = new double[list.size()];
        for (int i = 0; i < values.length; i++) {
            if (!list.get(i).isNumber()) {
                throw wrong(name, "holds " + brief(list.get(i)) + ", not a number");
            }
            values[i] = list.get(i).doubleValue();
        }
        return values;
    }

    /** Takes a list of whole numbers within bounds. */
    public List<Long> integers(String name, long least, long most) throws FileFormatException {
        List<Long> values = new ArrayList<>();
        for (JsonNode node : list(name)) {
            if (!node.isIntegralNumber() || node.longValue() < least || node.longValue() > most) {
                throw wrong(
                        name,
                        "holds %s, no whole number within %d and %d"
                                .formatted(brief(node), least, most));
            }
            values.add(node.longValue());
        }
        return values;
    }

    /** Takes a list of strings. */
    public List<String> texts(String name) throws FileFormatException {
        List<String> values = new ArrayList<>();
        for (JsonNode node : list(name)) {
            if (!node.isTextual()) {
                throw wrong(name, "holds " + brief(node) + ", not a string");
            }
            values.add(node.textValue());
        }
        return values;
    }

    /** Takes a list of objects. */
    public List<JsonSettings> objects(String name) throws FileFormatException {
        List<JsonSettings> objects = new ArrayList<>();
        for (JsonNode node : list(name)) {
            if (!(node instanceof ObjectNode child)) {
                throw wrong(name, "holds " + brief(node) + ", not an object");
            }
            objects.add(new JsonSettings(file, prefix + name + "[" + objects.size() + "].", child));
        }
        return objects;
    }

    private JsonNode list(String name) throws FileFormatException {
        JsonNode node = take(name);
        if (!node.isArray()) {
            throw wrong(name, "is " + brief(node) + ", not a list");
        }
        return node;
    }

    /** Takes an object, whose settings are then to be taken. */
    public JsonSettings object(String name) throws FileFormatException {
        if (take(name) instanceof ObjectNode child) {
            return new JsonSettings(file, prefix + name + ".", child);
        }
        throw wrong(name, "is " + brief(object.get(name)) + ", not an object");
    }

    /** Takes a setting of any kind without looking at it. */
    public void skip(String name) {
        taken.add(name);
    }

    /**
     * To be called when all is taken.
     *
     * @throws FileFormatException if there are settings that were not taken; it names them
     */
    public void done() throws FileFormatException {
        List<String> left = names();
        left.removeAll(taken);
        if (!left.isEmpty()) {
            throw new FileFormatException(
                    file,
                    "has settings that this version does not know: "
                            + left.stream().map(name -> prefix + name).toList()
                            + "; ignoring them could change what the others mean. "
                            + nearest(left.getFirst()));
        }
    }

    /** What an unknown name may have been meant to be: the nearest of those that were taken. */
    private String nearest(String name) {
        String nearest = "";
        int least = Integer.MAX_VALUE;
        for (String known : taken) {
            int distance = distance(name, known);
            if (distance < least) {
                least = distance;
                nearest = known;
            }
        }
        boolean alike = least <= Math.max(2, name.length() / 2);
        return alike
                ? "The nearest to \"%s\" is \"%s\"; all are %s"
                        .formatted(prefix + name, prefix + nearest, taken)
                : "Known are " + taken;
    }

    /** How many letters must be put in, left out or changed (Levenshtein's distance). */
    private static int distance(String from, String to) {
        int[] row = new int[to.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int above = row[j];
                int changed = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(changed, 1 + Math.min(above, row[j - 1]));
                diagonal = above;
            }
        }
        return row[to.length()];
    }

    /** As {@link #text}, or {@code otherwise} where it is missing or null. */
    public String text(String name, String otherwise) throws FileFormatException {
        taken.add(name);
        return has(name) ? text(name) : otherwise;
    }

    /** As {@link #flag}, or {@code otherwise} where it is missing or null. */
    public boolean flag(String name, boolean otherwise) throws FileFormatException {
        taken.add(name);
        return has(name) ? flag(name) : otherwise;
    }

    /** As {@link #integer}, or {@code otherwise} where it is missing or null. */
    public long integer(String name, long least, long most, long otherwise)
            throws FileFormatException {
        taken.add(name);
        return has(name) ? integer(name, least, most) : otherwise;
    }

    /** As {@link #number}, or {@code otherwise} where it is missing or null. */
    public double number(String name, double otherwise) throws FileFormatException {
        taken.add(name);
        return has(name) ? number(name) : otherwise;
    }

    /** Takes a setting of any kind that is only kept, not understood; null if it is not there. */
    public @Nullable JsonNode keep(String name) {
        taken.add(name);
        return object.get(name);
    }

    /** An error that names the file and the setting. */
    public FileFormatException wrong(String name, String problem) {
        return new FileFormatException(file, "\"" + prefix + name + "\" " + problem);
    }

    private JsonNode take(String name) throws FileFormatException {
        taken.add(name);
        JsonNode node = object.get(name);
        if (node == null) {
            throw wrong(name, "is missing");
        }
        return node;
    }

    private static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }
}
