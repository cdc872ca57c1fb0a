package dev.ugoki.tensor.io;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Single arrays in numpy's npy format.
 *
 * <pre>{@code
 * HostArray positions = NpyFile.read(Path.of("positions.npy"));
 * NpyFile.write(Path.of("copy.npy"), positions);
 * }</pre>
 *
 * <p>Read are versions 1.0, 2.0 and 3.0, both byte orders, both memory orders, and the types f8,
 * f4, f2, i8, i4, i1, u1 and b1. Written is version 1.0, little-endian, row-major, byte for byte as
 * numpy does. Source: numpy's documentation of {@code numpy.lib.format}.
 */
public final class NpyFile {
    private NpyFile() {}

    /**
     * Reads an array into memory of its own.
     *
     * @throws FileFormatException if the file is no npy file, its type is not supported, or its
     *     size is not what its header says
     */
    public static HostArray read(Path path) throws IOException {
        InputFile.check(path);
        long fileSize = Files.size(path);
        try (InputStream in = new BufferedInputStream(Files.newInputStream(path))) {
            NpyHeader header = NpyHeader.read(path, "", in);
            checkSize(path, header, fileSize - header.size());
            return NpyContent.read(path, "", header, in);
        }
    }

    private static void checkSize(Path path, NpyHeader header, long held)
            throws FileFormatException {
        if (header.dataSize() > held) {
            throw new FileFormatException(
                    path,
                    "is cut off: %s%s takes %d bytes, but only %d follow its header; write it again"
                            .formatted(header.dtype(), header.shape(), header.dataSize(), held));
        }
        if (header.dataSize() < held) {
            throw new FileFormatException(
                    path,
                    ("%s%s takes %d bytes, but %d follow its header; one array is read from a file:"
                                    + " save several as npz")
                            .formatted(header.dtype(), header.shape(), header.dataSize(), held));
        }
    }

    /**
     * Writes an array, whole or not at all.
     *
     * @throws IllegalArgumentException if it is BF16, which npy lacks
     */
    public static void write(Path path, HostArray array) throws IOException {
        byte[] header = NpyHeader.bytesFor(array);
        WholeFile.write(
                path,
                out -> {
                    out.write(header);
                    Elements.writeTo(out, array.bytes());
                });
    }
}
