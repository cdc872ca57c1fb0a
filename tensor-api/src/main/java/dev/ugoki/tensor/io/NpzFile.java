package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Named arrays in numpy's npz format: a zip archive of npy files.
 *
 * <pre>{@code
 * try (NpzFile file = NpzFile.open(path)) {
 *     HostArray actions = file.array("action");
 * }
 * NpzFile.writeCompressed(path, Map.of("action", actions));
 * }</pre>
 *
 * <p>Entries are read when they are asked for, stored or deflated; types and orders as {@link
 * NpyFile}. An entry is inflated as far as its npy header says and no further, and only if so much
 * can come out of the bytes that it has in the file. Entries that are not named {@code *.npy} are
 * no arrays and not listed. Threads may share an open file.
 */
public final class NpzFile implements AutoCloseable {
    private static final String SUFFIX = ".npy";

    /** Deflate makes at most this many bytes of one (a run of 258 from two bits, RFC 1951). */
    private static final long MOST_BYTES_OF_ONE = 1032;

    /**
     * One time for all, so that equal arrays give equal files. It is one step after the earliest
     * time that zip knows, beside which Java would note the time zone.
     */
    private static final LocalDateTime ENTRY_TIME = LocalDateTime.of(1980, 1, 1, 0, 0, 2);

    private final Path path;
    private final ZipFile zip;
    private final long fileSize;
    private final Map<String, ZipEntry> entries;

    private NpzFile(Path path, ZipFile zip, long fileSize, Map<String, ZipEntry> entries) {
        this.path = path;
        this.zip = zip;
        this.fileSize = fileSize;
        this.entries = entries;
    }

    /**
     * Opens an archive and lists its arrays.
     *
     * @throws FileFormatException if the file is no zip archive, is cut off, or has an entry twice
     */
    public static NpzFile open(Path path) throws IOException {
        InputFile.check(path);
        long fileSize = Files.size(path);
        ZipFile zip = openZip(path);
        try {
            Map<String, ZipEntry> entries = new LinkedHashMap<>();
            for (ZipEntry entry : Collections.list(zip.entries())) {
                String name = entry.getName();
                if (!name.endsWith(SUFFIX)) {
                    continue;
                }
                String array = name.substring(0, name.length() - SUFFIX.length());
                if (entries.put(array, entry) != null) {
                    throw new FileFormatException(
                            path, "holds the entry " + quote(name) + " twice; write it again");
                }
            }
            return new NpzFile(path, zip, fileSize, Collections.unmodifiableMap(entries));
        } catch (Throwable failure) {
            zip.close();
            throw failure;
        }
    }

    private static ZipFile openZip(Path path) throws IOException {
        try {
            return new ZipFile(path.toFile());
        } catch (ZipException | EOFException broken) {
            throw new FileFormatException(
                    path,
                    ("is not a whole npz file (%s); it is cut off, corrupt or no zip: write it"
                                    + " again, or name another file")
                            .formatted(reason(broken)),
                    broken);
        }
    }

    private static String reason(IOException broken) {
        return broken.getMessage() == null ? "it ends early" : broken.getMessage();
    }

    /**
     * Reads a whole archive: all arrays by name, in the order of the archive.
     *
     * @throws FileFormatException as {@link #open} and {@link #array}
     */
    public static Map<String, HostArray> read(Path path) throws IOException {
        try (NpzFile file = open(path)) {
            Map<String, HostArray> arrays = new LinkedHashMap<>();
            for (String name : file.names()) {
                arrays.put(name, file.array(name));
            }
            return arrays;
        }
    }

    /** The names of all arrays, in the order of the archive. */
    public Set<String> names() {
        return entries.keySet();
    }

    /**
     * Reads an array into memory of its own.
     *
     * @throws FileFormatException if there is no such array, its type is not supported, or the
     *     entry is corrupt or its sizes contradict each other
     */
    public HostArray array(String name) throws IOException {
        ZipEntry entry = entries.get(name);
        if (entry == null) {
            throw new FileFormatException(path, Names.missing("array", name, names()));
        }
        String what = "entry " + quote(entry.getName()) + " ";
        CRC32 checksum = new CRC32();
        try (InputStream in = new CheckedInputStream(zip.getInputStream(entry), checksum)) {
            NpyHeader header = NpyHeader.read(path, what, in);
            checkSizes(what, entry, header);
            HostArray array = NpyContent.read(path, what, header, in);
            if (in.read() >= 0) {
                throw new FileFormatException(
                        path, what + "goes on after its array; write it again");
            }
            if (checksum.getValue() != entry.getCrc()) {
                throw new FileFormatException(
                        path,
                        what + "is corrupt: its checksum does not fit its content; fetch it again");
            }
            return array;
        } catch (ZipException | EOFException broken) {
            throw new FileFormatException(
                    path,
                    "%sis corrupt (%s); fetch or write it again".formatted(what, reason(broken)),
                    broken);
        }
    }

    private void checkSizes(String what, ZipEntry entry, NpyHeader header)
            throws FileFormatException {
        long demanded = header.size() + header.dataSize();
        if (demanded != entry.getSize()) {
            throw new FileFormatException(
                    path,
                    "%stakes %d bytes as %s%s, but the archive says %d; write it again"
                            .formatted(
                                    what,
                                    demanded,
                                    header.dtype(),
                                    header.shape(),
                                    entry.getSize()));
        }
        long stored = Math.min(entry.getCompressedSize(), fileSize);
        long most = entry.getMethod() == ZipEntry.STORED ? stored : stored * MOST_BYTES_OF_ONE;
        if (demanded > most) {
            throw new FileFormatException(
                    path,
                    ("%sclaims %d bytes, but no more than %d can come out of the %d that it has in"
                                    + " the file; fetch or write it again")
                            .formatted(what, demanded, most, stored));
        }
    }

    /**
     * Writes arrays uncompressed, as {@code numpy.savez} does, whole or not at all, in the order of
     * the map.
     *
     * @throws IllegalArgumentException if an array is BF16, which npy lacks
     */
    public static void write(Path path, Map<String, HostArray> arrays) throws IOException {
        write(path, arrays, ZipEntry.STORED);
    }

    /** The same, deflated, as {@code numpy.savez_compressed} does. */
    public static void writeCompressed(Path path, Map<String, HostArray> arrays)
            throws IOException {
        write(path, arrays, ZipEntry.DEFLATED);
    }

    private static void write(Path path, Map<String, HostArray> arrays, int method)
            throws IOException {
        WholeFile.write(
                path,
                out -> {
                    ZipOutputStream zip = new ZipOutputStream(out);
                    for (Map.Entry<String, HostArray> named : arrays.entrySet()) {
                        zip.putNextEntry(entryFor(named.getKey(), named.getValue(), method));
                        NpyContent.write(zip, named.getValue());
                        zip.closeEntry();
                    }
                    zip.finish();
                });
    }

    private static ZipEntry entryFor(String name, HostArray array, int method) {
        ZipEntry entry = new ZipEntry(name + SUFFIX);
        entry.setTimeLocal(ENTRY_TIME);
        entry.setMethod(method);
        if (method == ZipEntry.STORED) {
            // a stored entry tells its size and checksum before its content
            byte[] header = NpyHeader.bytesFor(array);
            CRC32 checksum = new CRC32();
            checksum.update(header);
            update(checksum, array.bytes());
            entry.setSize(header.length + array.bytes().byteSize());
            entry.setCrc(checksum.getValue());
        }
        return entry;
    }

    private static void update(CRC32 checksum, MemorySegment bytes) {
        byte[] chunk = new byte[(int) Math.min(1 << 16, bytes.byteSize())];
        for (long offset = 0; offset < bytes.byteSize(); offset += chunk.length) {
            int length = (int) Math.min(chunk.length, bytes.byteSize() - offset);
            MemorySegment.copy(bytes, Elements.BYTE, offset, chunk, 0, length);
            checksum.update(chunk, 0, length);
        }
    }

    /** Closes the archive; arrays that were read stay valid. */
    @Override
    public void close() throws IOException {
        zip.close();
    }

    /** The path and the number of arrays. */
    @Override
    public String toString() {
        return "%s (%d arrays)".formatted(path, names().size());
    }
}
