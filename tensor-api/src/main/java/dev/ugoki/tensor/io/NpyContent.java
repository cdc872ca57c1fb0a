package dev.ugoki.tensor.io;

import dev.ugoki.tensor.DType;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The elements of an npy stream, and streams as a whole. */
final class NpyContent {
    private static final int READ_CHUNK = 1 << 16;

    private NpyContent() {}

    /**
     * Reads the elements that a header announces. The caller has checked that there may be as many.
     *
     * @param file named in errors
     * @param what what in the file is read, with a space after it; may be empty
     */
    static HostArray read(Path file, String what, NpyHeader header, InputStream in)
            throws IOException {
        MemorySegment bytes = HostArray.allocate(header.dtype(), header.shape());
        long filled = fill(bytes, in);
        if (filled < bytes.byteSize()) {
            throw new FileFormatException(
                    file,
                    "%sis cut off: %s%s takes %d bytes, but it ends after %d; write it again"
                            .formatted(
                                    what,
                                    header.dtype(),
                                    header.shape(),
                                    bytes.byteSize(),
                                    filled));
        }
        if (header.bigEndian()) {
            Elements.reverseBytes(header.dtype().byteSize(), bytes);
        }
        if (header.columnMajor() && header.shape().rank() > 1) {
            bytes = toRowMajor(header, bytes);
        }
        checkBooleans(file, what, header, bytes);
        return new HostArray(header.dtype(), header.shape(), bytes);
    }

    private static long fill(MemorySegment bytes, InputStream in) throws IOException {
        byte[] chunk = new byte[(int) Math.min(READ_CHUNK, bytes.byteSize())];
        long filled = 0;
        while (filled < bytes.byteSize()) {
            int wanted = (int) Math.min(chunk.length, bytes.byteSize() - filled);
            int read = in.readNBytes(chunk, 0, wanted);
            MemorySegment.copy(chunk, 0, bytes, Elements.BYTE, filled, read);
            filled += read;
            if (read < wanted) {
                break;
            }
        }
        return filled;
    }

    private static MemorySegment toRowMajor(NpyHeader header, MemorySegment columnMajor) {
        MemorySegment rowMajor = HostArray.allocate(header.dtype(), header.shape());
        long[] extents = header.shape().toArray();
        long[] strides = new long[extents.length];
        long stride = 1;
        for (int dim = 0; dim < extents.length; dim++) {
            strides[dim] = stride;
            stride *= Math.max(1, extents[dim]);
        }
        long[] index = new long[extents.length];
        long from = 0;
        long count = header.shape().elementCount();
        int byteSize = header.dtype().byteSize();
        for (long to = 0; to < count; to++) {
            Elements.copyElement(byteSize, columnMajor, from, rowMajor, to);
            // step to the next index, the last dimension fastest
            for (int dim = extents.length - 1; dim >= 0; dim--) {
                from += strides[dim];
                if (++index[dim] < extents[dim]) {
                    break;
                }
                from -= extents[dim] * strides[dim];
                index[dim] = 0;
            }
        }
        return rowMajor;
    }

    private static void checkBooleans(Path file, String what, NpyHeader header, MemorySegment bytes)
            throws FileFormatException {
        long index = header.dtype() == DType.BOOL ? Elements.firstNotBoolean(bytes) : -1;
        if (index >= 0) {
            throw new FileFormatException(
                    file,
                    "%sis of booleans, but its element %d is %d, not 0 or 1; save it as u1"
                            .formatted(what, index, Elements.getByte(bytes, index) & 0xff));
        }
    }

    /** Writes header and elements. */
    static void write(OutputStream out, HostArray array) throws IOException {
        out.write(NpyHeader.bytesFor(array));
        Elements.writeTo(out, array.bytes());
    }
}
