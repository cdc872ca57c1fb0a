package dev.ugoki.embodied.onnx;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A message in Protocol Buffers' wire format that is being put together. Large content, such as
 * weights, is referred to and not copied until {@link #writeTo}.
 *
 * <p>Source: protobuf.dev, Encoding.
 */
final class ProtobufMessage {
    private static final int VARINT = 0;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int PIECE = 1 << 24;

    private final List<MemorySegment> parts = new ArrayList<>();
    private final ByteArrayOutputStream small = new ByteArrayOutputStream();
    private long size;

    /** Bytes of the whole message. */
    long size() {
        return size + small.size();
    }

    ProtobufMessage integer(int field, long value) {
        varint((long) field << 3 | VARINT);
        varint(value);
        return this;
    }

    ProtobufMessage number(int field, float value) {
        varint((long) field << 3 | FIXED32);
        int bits = Float.floatToRawIntBits(value);
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            small.write(bits >>> shift);
        }
        return this;
    }

    ProtobufMessage text(int field, String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        varint((long) field << 3 | BYTES);
        varint(utf8.length);
        small.writeBytes(utf8);
        return this;
    }

    /** Content that must not change until the message is written. */
    ProtobufMessage bytes(int field, MemorySegment content) {
        varint((long) field << 3 | BYTES);
        varint(content.byteSize());
        flush();
        parts.add(content);
        size += content.byteSize();
        return this;
    }

    ProtobufMessage message(int field, ProtobufMessage inner) {
        varint((long) field << 3 | BYTES);
        varint(inner.size());
        flush();
        inner.flush();
        parts.addAll(inner.parts);
        size += inner.size;
        return this;
    }

    private void flush() {
        if (small.size() > 0) {
            parts.add(MemorySegment.ofArray(small.toByteArray()));
            size += small.size();
            small.reset();
        }
    }

    private void varint(long value) {
        long left = value;
        while ((left & ~0x7fL) != 0) {
            small.write((int) (left & 0x7f | 0x80));
            left >>>= 7;
        }
        small.write((int) left);
    }

    /** Writes the whole message. */
    void writeTo(WritableByteChannel channel) throws IOException {
        flush();
        for (MemorySegment part : parts) {
            for (long at = 0; at < part.byteSize(); at += PIECE) {
                ByteBuffer piece = buffer(part, at, Math.min(PIECE, part.byteSize() - at));
                while (piece.hasRemaining()) {
                    channel.write(piece);
                }
            }
        }
    }

    private static ByteBuffer buffer(MemorySegment part, long at, long length) {
        byte[] copy = part.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        return ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
    }
}
