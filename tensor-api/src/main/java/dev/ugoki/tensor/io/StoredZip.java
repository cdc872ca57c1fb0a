package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * A zip archive whose entries are stored as they are, in a mapped file: an entry is a slice of the
 * file, and nothing is copied. With Zip64, for what is larger than 4 GB.
 *
 * <p>Source: PKWARE's APPNOTE, 6.3.
 */
final class StoredZip {
    private static final int END = 0x06054b50;
    private static final int END_SIZE = 22;
    private static final int END64_LOCATOR = 0x07064b50;
    private static final int END64_LOCATOR_SIZE = 20;
    private static final int END64 = 0x06064b50;
    private static final int END64_SIZE = 56;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_SIZE = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_SIZE = 30;
    private static final int ZIP64_FIELD = 1;
    private static final long IN_ZIP64 = 0xffffffffL;
    private static final int MOST_COMMENT = 0xffff;

    private final Path path;
    private final MemorySegment file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** Where an entry is; its header is at {@code header}. */
    private record Entry(int flags, int method, long crc, long stored, long size, long header) {}

    private StoredZip(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Reads the archive's directory.
     *
     * @throws FileFormatException if it is cut off, contradicts itself, or has an entry twice
     */
    static StoredZip open(Path path, MemorySegment file) throws FileFormatException {
        StoredZip zip = new StoredZip(path, file);
        zip.readDirectory(zip.findEnd());
        return zip;
    }

    Set<String> names() {
        return entries.keySet();
    }

    /**
     * The content of an entry.
     *
     * @throws FileFormatException if there is no such entry, it is compressed or encrypted, or its
     *     checksum does not fit
     */
    MemorySegment content(String name) throws FileFormatException {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw wrong("has no entry " + quote(name) + "; it is cut off or no PyTorch file");
        }
        if ((entry.flags() & 1) != 0 || entry.method() != 0 || entry.stored() != entry.size()) {
            throw wrong(
                    "entry "
                            + quote(name)
                            + " is compressed or encrypted, which PyTorch's are not; save it again"
                            + " with torch.save");
        }
        long header = entry.header();
        if (header < 0 || header > file.byteSize() - LOCAL_SIZE || u32(header) != LOCAL) {
            throw wrong("entry " + quote(name) + " is not where the directory says; it is corrupt");
        }
        long start = header + LOCAL_SIZE + u16(header + 26) + u16(header + 28);
        if (entry.size() < 0 || start > file.byteSize() - entry.size()) {
            throw wrong("entry " + quote(name) + " ends behind the file; it is cut off");
        }
        MemorySegment content = file.asSlice(start, entry.size());
        CRC32 checksum = new CRC32();
        updateChecksum(checksum, content);
        if (checksum.getValue() != entry.crc()) {
            throw wrong(
                    "entry "
                            + quote(name)
                            + " is corrupt: its checksum does not fit its content; fetch it again");
        }
        return content;
    }

    private static void updateChecksum(CRC32 checksum, MemorySegment content) {
        long most = 1 << 30;
        for (long at = 0; at < content.byteSize(); at += most) {
            long length = Math.min(most, content.byteSize() - at);
            checksum.update(content.asSlice(at, length).asByteBuffer());
        }
    }

    /** Where the record is that ends the archive, behind which there may be a comment. */
    private long findEnd() throws FileFormatException {
        long last = file.byteSize() - END_SIZE;
        for (long at = last; at >= 0 && at >= last - MOST_COMMENT; at--) {
            if (u32(at) == END && at + END_SIZE + u16(at + 20) == file.byteSize()) {
                return at;
            }
        }
        throw wrong("is cut off: the record is missing that ends a zip archive; fetch it again");
    }

    private void readDirectory(long end) throws FileFormatException {
        long count = u16(end + 10);
        long size = u32(end + 12) & IN_ZIP64;
        long start = u32(end + 16) & IN_ZIP64;
        long locator = end - END64_LOCATOR_SIZE;
        if (locator >= 0 && u32(locator) == END64_LOCATOR) {
            long end64 = file.get(Elements.LONG, locator + 8);
            if (end64 < 0 || end64 > locator - END64_SIZE || u32(end64) != END64) {
                throw wrong("is corrupt: its Zip64 directory is not where it says");
            }
            count = file.get(Elements.LONG, end64 + 32);
            size = file.get(Elements.LONG, end64 + 40);
            start = file.get(Elements.LONG, end64 + 48);
        }
        if (start < 0
                || size < 0
                || start > end - size
                || count < 0
                || count > size / CENTRAL_SIZE) {
            throw wrong("is corrupt: its zip directory is outside of it");
        }
        long at = start;
        for (long i = 0; i < count; i++) {
            if (at > start + size - CENTRAL_SIZE || u32(at) != CENTRAL) {
                throw wrong("is corrupt: its zip directory ends early");
            }
            long next = at + CENTRAL_SIZE + u16(at + 28) + u16(at + 30) + u16(at + 32);
            if (next > start + size) {
                throw wrong("is corrupt: its zip directory ends early");
            }
            addEntry(at);
            at = next;
        }
    }

    private void addEntry(long at) throws FileFormatException {
        int nameLength = u16(at + 28);
        byte[] bytes = file.asSlice(at + CENTRAL_SIZE, nameLength).toArray(Elements.BYTE);
        String name = new String(bytes, StandardCharsets.UTF_8);
        long[] numbers = {
            u32(at + 24) & IN_ZIP64, u32(at + 20) & IN_ZIP64, u32(at + 42) & IN_ZIP64
        };
        readZip64(at + CENTRAL_SIZE + nameLength, u16(at + 30), numbers);
        long crc = u32(at + 16) & IN_ZIP64;
        Entry entry = new Entry(u16(at + 8), u16(at + 10), crc, numbers[1], numbers[0], numbers[2]);
        if (entries.put(name, entry) != null) {
            throw wrong("holds the entry " + quote(name) + " twice");
        }
    }

    /** Those of size, stored size and offset that are too large stand in a field of their own. */
    private void readZip64(long fields, int length, long[] numbers) {
        long at = fields;
        while (at + 4 <= fields + length) {
            int size = u16(at + 2);
            long next = at + 4 + size;
            if (u16(at) == ZIP64_FIELD && next <= fields + length) {
                long value = at + 4;
                for (int i = 0; i < numbers.length && value + 8 <= next; i++) {
                    if (numbers[i] == IN_ZIP64) {
                        numbers[i] = file.get(Elements.LONG, value);
                        value += 8;
                    }
                }
            }
            at = next;
        }
    }

    private int u16(long at) {
        return file.get(Elements.SHORT, at) & 0xffff;
    }

    private int u32(long at) {
        return file.get(Elements.INT, at);
    }

    private FileFormatException wrong(String problem) {
        return new FileFormatException(path, problem);
    }
}
