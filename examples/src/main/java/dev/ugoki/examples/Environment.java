package dev.ugoki.examples;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Backends;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What this runs on, for reports and for {@code doctor}. */
public final class Environment {
    private Environment() {}

    /** The version of this build; a word instead where it does not run from a jar. */
    public static String version() {
        String version = Environment.class.getPackage().getImplementationVersion();
        return version == null ? "(not run from a jar)" : version;
    }

    /** Java's version and vendor. */
    public static String java() {
        return Runtime.version() + ", " + System.getProperty("java.vendor");
    }

    /** The options that Java was started with. */
    public static List<String> flags() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments();
    }

    /** Java and the system, as a line under a table of results. */
    public static String summary() {
        return "Java " + java() + "; " + system() + ".";
    }

    private static String system() {
        return "%s %s, %s, %d processors"
                .formatted(
                        System.getProperty("os.name"),
                        System.getProperty("os.version"),
                        System.getProperty("os.arch"),
                        Runtime.getRuntime().availableProcessors());
    }

    /** Names and values. */
    public static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Ugoki", version());
        facts.put("Java", java());
        facts.put("flags", String.join(" ", flags()));
        facts.put("system", system());
        Device device = Device.current();
        Backend backend = Backends.forDevice(device);
        facts.put("device", device.toString());
        facts.put("backend", String.join("; ", backend.describe()));
        return facts;
    }
}
