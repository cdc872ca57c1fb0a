package dev.ugoki.embodied.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A chunk as c-blosc 1 writes it: blocks, each shuffled and compressed for itself, so that a range
 * of bytes can be had without the rest.
 *
 * <p>Sixteen bytes of header: version, codec version, flags, element size, then uncompressed size,
 * block size and compressed size (int32, little-endian); then an int32 start for each block. A
 * block is one or {@code elementSize} streams of an int32 length and that many bytes; a stream as
 * long as what it stands for is stored as it is. Flags: 1 shuffle, 2 stored as a whole, 4
 * bitshuffle, 16 blocks are not split, and from bit 5 on the codec.
 */
final class BloscChunk {
    private static final int HEADER = 16;
    private static final int SHUFFLE = 1;
    private static final int STORED = 2;
    private static final int BIT_SHUFFLE = 4;
    private static final int NOT_SPLIT = 16;

    /** c-blosc splits a block into streams only for elements up to this size ... */
    private static final int MAX_SPLITS = 16;

    /** ... and blocks with at least so many elements. */
    private static final int MIN_SPLIT_ELEMENTS = 128;

    /** No codec makes more of a byte: zstd writes 128 KiB in a block of 4 bytes. */
    private static final long MAX_RATIO = 1L << 15;

    private enum Codec {
        BLOSCLZ,
        LZ4,
        SNAPPY,
        ZLIB,
        ZSTD
    }

    private final Path file;
    private final byte[] bytes;
    private final int flags;
    private final int elementSize;
    private final int size;
    private final int blockSize;
    private final Codec codec;

    /**
     * A chunk that must hold {@code expectedSize} bytes.
     *
     * @throws DataFormatException if the header is not in keeping with itself, the file's length
     *     and the expected size
     */
    BloscChunk(Path file, byte[] bytes, long expectedSize) throws DataFormatException {
        this.file = file;
        this.bytes = bytes;
        if (bytes.length < HEADER) {
            throw wrong("%d bytes are no Blosc chunk", bytes.length);
        }
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int version = header.get();
        if (version < 1 || version > 2) {
            throw wrong("Blosc format version %d is not read, 1 and 2 are", version);
        }
        this.flags = header.get(2) & 0xFF;
        this.elementSize = header.get(3) & 0xFF;
        this.size = header.getInt(4);
        this.blockSize = header.getInt(8);
        int compressed = header.getInt(12);
        if (size != expectedSize) {
            throw wrong("the Blosc header says %d bytes, .zarray says %d", size, expectedSize);
        }
        if (compressed != bytes.length) {
            throw wrong(
                    "the Blosc header says %d bytes of file, there are %d",
                    compressed, bytes.length);
        }
        if (elementSize == 0 || (size > 0 && (blockSize <= 0 || blockSize > size))) {
            throw wrong("Blosc blocks of %d bytes, elements of %d", blockSize, elementSize);
        }
        this.codec = codec(flags >>> 5);
        checkSizes();
    }

    private Codec codec(int number) throws DataFormatException {
        if (number >= Codec.values().length) {
            throw wrong("Blosc codec number %d does not exist", number);
        }
        Codec found = Codec.values()[number];
        boolean read = found == Codec.ZSTD || found == Codec.LZ4 || found == Codec.ZLIB;
        if (!read && !isStored()) {
            throw wrong(
                    "Blosc codec %s is not read; zstd, lz4 and zlib are",
                    found.name().toLowerCase(Locale.ROOT));
        }
        return found;
    }

    private void checkSizes() throws DataFormatException {
        if (isStored()) {
            if (bytes.length - HEADER != size) {
                throw wrong("%d stored bytes instead of %d", bytes.length - HEADER, size);
            }
        } else if (HEADER + 4L * blockCount() > bytes.length) {
            throw wrong("%d blocks don't fit into %d bytes", blockCount(), bytes.length);
        } else if (size > MAX_RATIO * bytes.length) {
            throw wrong("%d bytes cannot come from %d", size, bytes.length);
        }
    }

    private boolean isStored() {
        return (flags & STORED) != 0;
    }

    private int blockCount() {
        return size == 0 ? 0 : (size - 1) / blockSize + 1;
    }

    /** Bytes {@code [from, to)} of what the chunk holds. */
    byte[] read(int from, int to, Decompression decompression) throws DataFormatException {
        byte[] target = new byte[to - from];
        if (isStored()) {
            System.arraycopy(bytes, HEADER + from, target, 0, target.length);
            return target;
        }
        byte[] packed = new byte[blockSize];
        byte[] plain = new byte[blockSize];
        for (int block = from / blockSize; (long) block * blockSize < to; block++) {
            int start = block * blockSize;
            int length = Math.min(blockSize, size - start);
            byte[] decoded = decodeBlock(block, length, packed, plain, decompression);
            int lower = Math.max(from, start);
            int upper = Math.min(to, start + length);
            System.arraycopy(decoded, lower - start, target, lower - from, upper - lower);
        }
        return target;
    }

    /** The block's bytes, in one of the two buffers. */
    private byte[] decodeBlock(
            int block, int length, byte[] packed, byte[] plain, Decompression decompression)
            throws DataFormatException {
        decompressStreams(block, length, packed, decompression);
        if ((flags & SHUFFLE) != 0 && elementSize > 1) {
            BitShuffle.unshuffleBytes(packed, plain, length, elementSize);
            return plain;
        }
        if ((flags & BIT_SHUFFLE) != 0 && length >= elementSize) {
            BitShuffle.unshuffleBits(packed, plain, length, elementSize);
            return plain;
        }
        return packed;
    }

    private void decompressStreams(
            int block, int length, byte[] packed, Decompression decompression)
            throws DataFormatException {
        boolean split =
                (flags & NOT_SPLIT) == 0
                        && elementSize <= MAX_SPLITS
                        && blockSize / elementSize >= MIN_SPLIT_ELEMENTS
                        && length == blockSize;
        int streams = split ? elementSize : 1;
        int streamSize = length / streams;
        long position = readInt(HEADER + 4L * block);
        for (int stream = 0; stream < streams; stream++) {
            int streamLength = readInt(position);
            position += 4;
            if (streamLength <= 0 || position + streamLength > bytes.length) {
                throw wrong("block %d: %d bytes at %d", block, streamLength, position);
            }
            decompress(
                    (int) position,
                    streamLength,
                    packed,
                    stream * streamSize,
                    streamSize,
                    decompression);
            position += streamLength;
        }
        if (streams * streamSize != length) {
            throw wrong("block %d: %d streams don't make %d bytes", block, streams, length);
        }
    }

    private void decompress(
            int from, int length, byte[] packed, int to, int target, Decompression decompression)
            throws DataFormatException {
        if (length == target) {
            System.arraycopy(bytes, from, packed, to, length);
            return;
        }
        switch (codec) {
            case ZSTD -> decompression.zstd(bytes, from, length, packed, to, target);
            case LZ4 -> decompression.lz4(bytes, from, length, packed, to, target);
            case ZLIB -> decompression.zlib(bytes, from, length, packed, to, target);
            case BLOSCLZ, SNAPPY -> throw new AssertionError(codec);
        }
    }

    private int readInt(long position) throws DataFormatException {
        if (position < HEADER || position + 4 > bytes.length) {
            throw wrong("a block begins at %d of %d bytes", position, bytes.length);
        }
        int at = (int) position;
        return (bytes[at] & 0xFF)
                | (bytes[at + 1] & 0xFF) << 8
                | (bytes[at + 2] & 0xFF) << 16
                | bytes[at + 3] << 24;
    }

    private DataFormatException wrong(String problem, Object... values) {
        return new DataFormatException(file, problem.formatted(values));
    }
}
