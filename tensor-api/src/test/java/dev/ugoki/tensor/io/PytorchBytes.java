package dev.ugoki.tensor.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes files as {@code torch.save} does, instruction by instruction. */
final class PytorchBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    PytorchBytes() {
        op(0x80).op(2);
    }

    PytorchBytes op(int code) {
        out.write(code);
        return this;
    }

    PytorchBytes op(char code) {
        return op((int) code);
    }

    PytorchBytes int4(int value) {
        out.writeBytes(little(4).putInt(value).array());
        return this;
    }

    PytorchBytes line(String line) {
        out.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    PytorchBytes text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        op('X').int4(bytes.length);
        out.writeBytes(bytes);
        return this;
    }

    PytorchBytes number(int value) {
        return op('J').int4(value);
    }

    PytorchBytes decimal(double value) {
        op('G');
        out.writeBytes(ByteBuffer.allocate(8).putDouble(value).array());
        return this;
    }

    PytorchBytes global(String module, String name) {
        return op('c').line(module).line(name);
    }

    PytorchBytes orderedDict() {
        return global("collections", "OrderedDict").op(')').op('R');
    }

    PytorchBytes numbers(long... values) {
        op('(');
        for (long value : values) {
            number((int) value);
        }
        return op('t');
    }

    PytorchBytes storage(String type, String key, int count) {
        op('(').text("storage").global("torch", type).text(key).text("cpu").number(count);
        return op('t').op('Q');
    }

    /** A tensor of a whole storage. */
    PytorchBytes tensor(String type, String key, int count, long[] shape, long[] strides) {
        global("torch._utils", "_rebuild_tensor_v2").op('(').storage(type, key, count).number(0);
        numbers(shape).numbers(strides).op(0x89).orderedDict();
        return op('t').op('R');
    }

    /** The pickle, ended. */
    byte[] end() {
        op('.');
        return out.toByteArray();
    }

    static byte[] floats(float... values) {
        ByteBuffer bytes = little(4 * values.length);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The archive of an object and its storages. */
    static byte[] zip(byte[] pickle, Map<String, byte[]> storages) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("archive/data.pkl", pickle);
        entries.put("archive/byteorder", "little".getBytes(StandardCharsets.UTF_8));
        storages.forEach((key, bytes) -> entries.put("archive/data/" + key, bytes));
        entries.put("archive/version", "3\n".getBytes(StandardCharsets.UTF_8));
        return archive(entries, ZipEntry.STORED);
    }

    static byte[] archive(Map<String, byte[]> entries, int method) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> each : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(each.getKey());
                entry.setMethod(method);
                if (method == ZipEntry.STORED) {
                    CRC32 checksum = new CRC32();
                    checksum.update(each.getValue());
                    entry.setSize(each.getValue().length);
                    entry.setCrc(checksum.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(each.getValue());
                zip.closeEntry();
            }
        }
        return bytes.toByteArray();
    }

    /** The older file of an object and its storages, each with its number of elements. */
    static byte[] legacy(byte[] pickle, Map<String, byte[]> storages, int elementSize) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        PytorchBytes magic = new PytorchBytes().op(0x8a).op(10);
        for (int each : new int[] {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}) {
            magic.op(each);
        }
        file.writeBytes(magic.end());
        file.writeBytes(new PytorchBytes().number(1001).end());
        PytorchBytes machine = new PytorchBytes().op('}');
        machine.text("little_endian").op(0x88).op('s');
        file.writeBytes(machine.end());
        file.writeBytes(pickle);
        PytorchBytes keys = new PytorchBytes().op(']').op('(');
        storages.keySet().forEach(keys::text);
        file.writeBytes(keys.op('e').end());
        storages.values()
                .forEach(
                        bytes -> {
                            file.writeBytes(little(8).putLong(bytes.length / elementSize).array());
                            file.writeBytes(bytes);
                        });
        return file.toByteArray();
    }
}
