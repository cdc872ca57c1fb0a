package dev.ugoki.embodied.data;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/**
 * Decompresses blocks whose size is known beforehand; used by one thread and closed after a read.
 *
 * <p>Zstandard works on native buffers of its own, so that no Java array is pinned while native
 * code runs. Nothing is written outside the target, whatever the input holds.
 */
final class Decompression implements AutoCloseable {
    private final Path file;
    private final Arena arena = Arena.ofConfined();
    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
    private MemorySegment nativeSource = MemorySegment.NULL;
    private MemorySegment nativeTarget = MemorySegment.NULL;

    /** Decompresses what came from this file. */
    Decompression(Path file) {
        this.file = file;
    }

    /** Exactly {@code size} bytes to {@code target[to ..< to + size]}, or an exception. */
    void zstd(byte[] source, int from, int length, byte[] target, int to, int size)
            throws DataFormatException {
        nativeSource = atLeast(nativeSource, length);
        nativeTarget = atLeast(nativeTarget, size);
        MemorySegment.copy(source, from, nativeSource, ValueLayout.JAVA_BYTE, 0, length);
        int written;
        try {
            written =
                    zstd.decompressDirectByteBuffer(
                            nativeTarget.asByteBuffer(),
                            0,
                            size,
                            nativeSource.asByteBuffer(),
                            0,
                            length);
        } catch (ZstdException problem) {
            throw corrupt("zstd", String.valueOf(problem.getMessage()));
        }
        checkSize("zstd", written, size);
        MemorySegment.copy(nativeTarget, ValueLayout.JAVA_BYTE, 0, target, to, size);
    }

    private MemorySegment atLeast(MemorySegment segment, int size) {
        return segment.byteSize() >= size && segment.byteSize() > 0
                ? segment
                : arena.allocate(Math.max(64, size));
    }

    /** The same for zlib's format. */
    void zlib(byte[] source, int from, int length, byte[] target, int to, int size)
            throws DataFormatException {
        readStream(
                "zlib",
                new InflaterInputStream(new ByteArrayInputStream(source, from, length)),
                target,
                to,
                size);
    }

    /** The same for gzip's format. */
    void gzip(byte[] source, int from, int length, byte[] target, int to, int size)
            throws DataFormatException {
        try {
            readStream(
                    "gzip",
                    new GZIPInputStream(new ByteArrayInputStream(source, from, length)),
                    target,
                    to,
                    size);
        } catch (DataFormatException problem) {
            throw problem;
        } catch (IOException problem) {
            throw corrupt("gzip", problem);
        }
    }

    private void readStream(String codec, InputStream packed, byte[] target, int to, int size)
            throws DataFormatException {
        int written;
        try (packed) {
            written = packed.readNBytes(target, to, size);
        } catch (IOException problem) {
            throw corrupt(codec, problem);
        }
        checkSize(codec, written, size);
    }

    /**
     * The same for an LZ4 block: tokens of a literal run and a match, whose lengths continue in
     * further bytes while those are 255 (LZ4 block format description, lz4.org).
     */
    void lz4(byte[] source, int from, int length, byte[] target, int to, int size)
            throws DataFormatException {
        int end = from + length;
        int limit = to + size;
        int in = from;
        int out = to;
        try {
            while (in < end) {
                int token = source[in++] & 0xFF;
                int literals = token >>> 4;
                for (int more = 255; token >>> 4 == 15 && more == 255; literals += more) {
                    more = source[in++] & 0xFF;
                    checkRoom(literals, limit - out);
                }
                checkRoom(literals, Math.min(limit - out, end - in));
                System.arraycopy(source, in, target, out, literals);
                in += literals;
                out += literals;
                if (in >= end) {
                    break;
                }
                int distance = (source[in] & 0xFF) | (source[in + 1] & 0xFF) << 8;
                in += 2;
                int match = (token & 15) + 4;
                for (int more = 255; (token & 15) == 15 && more == 255; match += more) {
                    more = source[in++] & 0xFF;
                    checkRoom(match, limit - out);
                }
                checkRoom(match, limit - out);
                if (distance == 0 || distance > out - to) {
                    throw corrupt("lz4", "a match begins before the data");
                }
                for (int i = 0; i < match; i++, out++) {
                    target[out] = target[out - distance];
                }
            }
        } catch (ArrayIndexOutOfBoundsException problem) {
            throw corrupt("lz4", "the data end within a token");
        }
        checkSize("lz4", out - to, size);
    }

    private void checkRoom(int wanted, int room) throws DataFormatException {
        if (wanted > room) {
            throw corrupt("lz4", "a run is longer than what is left");
        }
    }

    private void checkSize(String codec, int written, int size) throws DataFormatException {
        if (written != size) {
            throw corrupt(codec, "it holds %d bytes instead of %d".formatted(written, size));
        }
    }

    private DataFormatException corrupt(String codec, IOException problem) {
        return corrupt(codec, String.valueOf(String.valueOf(problem.getMessage())));
    }

    private DataFormatException corrupt(String codec, String problem) {
        return new DataFormatException(file, codec + " data are corrupt: " + problem);
    }

    @Override
    public void close() {
        zstd.close();
        arena.close();
    }
}
