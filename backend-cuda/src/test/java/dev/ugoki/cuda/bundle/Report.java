package dev.ugoki.cuda.bundle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import dev.ugoki.cuda.CudaProvider;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.spi.Backends;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A result with what it was measured on, written as JSON, whole or not at all. */
final class Report {
    static final Device DEVICE = new Device("cuda", 0);

    private Report() {}

    /** Ends the program, with what is missing and exit status 2, where there is no such device. */
    static void requireDevice() {
        new CudaProvider()
                .unusableBecause()
                .ifPresent(
                        reason -> {
                            System.err.println("There is no GPU to run this on: " + reason);
                            System.exit(2);
                        });
    }

    /** Device, driver and versions, in lines. */
    static List<String> machine() {
        return Backends.forDevice(DEVICE).describe();
    }

    static void write(Path file, String name, Object content) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("time", Instant.now().toString());
        all.put("java", System.getProperty("java.vm.version"));
        all.put("machine", machine());
        all.put(name, content);
        Path draft = Path.of(file + ".draft");
        new ObjectMapper()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .writeValue(draft.toFile(), all);
        Files.move(
                draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        System.out.println("written: " + file);
    }
}
