package dev.ugoki.embodied.train;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.FrameTable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/** Tells demonstrations from others: a checksum of the numbers in some features. */
final class DataChecksum {
    private DataChecksum() {}

    /** Of the configuration, the episodes' ends, and all numbers in these features. */
    static String of(FrameTable frames, List<String> features, String configuration) {
        CRC32C sum = new CRC32C();
        sum.update(configuration.getBytes(StandardCharsets.UTF_8));
        for (int episode = 0; episode < frames.episodeCount(); episode++) {
            sum.update(ByteBuffer.allocate(4).putInt(frames.episodeEnd(episode)).flip());
        }
        for (String feature : features) {
            add(sum, frames.column(feature));
        }
        return HexFormat.of().toHexDigits((int) sum.getValue());
    }

    /** Of all images, by their names. */
    static String of(Map<String, FrameImages> images) {
        CRC32C sum = new CRC32C();
        images.forEach(
                (name, seen) -> {
                    sum.update(name.getBytes(StandardCharsets.UTF_8));
                    byte[] bytes = new byte[seen.height() * seen.width() * 3];
                    for (int frame = 0; frame < seen.frameCount(); frame++) {
                        seen.copyFrame(frame, bytes, 0);
                        sum.update(bytes);
                    }
                });
        return HexFormat.of().toHexDigits((int) sum.getValue());
    }

    private static void add(CRC32C sum, Column column) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * column.width());
        for (int frame = 0; frame < column.frameCount(); frame++) {
            bytes.clear();
            for (int i = 0; i < column.width(); i++) {
                bytes.putDouble(column.at(frame, i));
            }
            sum.update(bytes.flip());
        }
    }
}
