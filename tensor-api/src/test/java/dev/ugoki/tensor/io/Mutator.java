package dev.ugoki.tensor.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages files the ways that files get damaged, and the ways that attackers do it. */
final class Mutator {
    private static final long[] INTERESTING = {
        0,
        1,
        -1,
        7,
        8,
        255,
        256,
        65535,
        65536,
        1L << 31,
        (1L << 31) - 1,
        1L << 32,
        1L << 40,
        1L << 61,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    private static final String[] TEXTS = {
        "0",
        "-1",
        "1",
        "18446744073709551616",
        "9223372036854775807",
        "4294967296",
        "1e9",
        "0.5",
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        ":",
        "\\u",
        "\\ud800",
        "null",
        "True",
        "[[[[[[[[[[[[[[[[",
        "\"dtype\":",
        "'shape':",
        "BOOL",
        "F64",
        "F4",
        ">f8",
        "|O",
        "|b1"
    };

    private final Random random;

    Mutator(Random random) {
        this.random = random;
    }

    /** A copy of the file with one to four damages. */
    byte[] mutate(byte[] file) {
        byte[] mutated = file;
        for (int left = 1 + random.nextInt(4); left > 0; left--) {
            mutated =
                    switch (random.nextInt(8)) {
                        case 0 -> withFlippedBits(mutated);
                        case 1 -> Arrays.copyOf(mutated, random.nextInt(mutated.length + 1));
                        case 2 -> withNumber(mutated);
                        case 3 -> replaced(mutated, randomBytes());
                        case 4 -> replaced(mutated, randomPartOf(mutated));
                        case 5 -> replaced(mutated, new byte[0]);
                        case 6 -> replaced(mutated, randomText());
                        default -> withOtherDigits(mutated);
                    };
        }
        return mutated;
    }

    private byte[] withFlippedBits(byte[] file) {
        byte[] flipped = file.clone();
        for (int left = 1 + random.nextInt(4); left > 0 && flipped.length > 0; left--) {
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return flipped;
    }

    private byte[] withNumber(byte[] file) {
        if (file.length < 8) {
            return file;
        }
        byte[] changed = file.clone();
        long number = INTERESTING[random.nextInt(INTERESTING.length)];
        int size = 1 << random.nextInt(4);
        // the beginning holds magic and lengths, so go there more often
        int places = random.nextBoolean() ? Math.min(16, file.length) : file.length;
        int at = random.nextInt(Math.max(1, places - size));
        byte[] bytes =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
        System.arraycopy(bytes, 0, changed, at, size);
        return changed;
    }

    private byte[] withOtherDigits(byte[] file) {
        List<Integer> starts = new ArrayList<>();
        for (int i = 0; i < file.length; i++) {
            if (isDigit(file[i]) && (i == 0 || !isDigit(file[i - 1]))) {
                starts.add(i);
            }
        }
        if (starts.isEmpty()) {
            return file;
        }
        int start = starts.get(random.nextInt(starts.size()));
        int end = start;
        while (end < file.length && isDigit(file[end])) {
            end++;
        }
        long number =
                random.nextBoolean()
                        ? INTERESTING[random.nextInt(INTERESTING.length)]
                        : random.nextInt(64);
        byte[] digits = Long.toString(number).getBytes(StandardCharsets.US_ASCII);
        return concat(Arrays.copyOf(file, start), digits, file, end);
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    private byte[] replaced(byte[] file, byte[] by) {
        int start = random.nextInt(file.length + 1);
        int length = random.nextBoolean() ? 0 : random.nextInt(16);
        return concat(Arrays.copyOf(file, start), by, file, Math.min(start + length, file.length));
    }

    private byte[] randomBytes() {
        byte[] bytes = new byte[1 + random.nextInt(32)];
        random.nextBytes(bytes);
        return bytes;
    }

    private byte[] randomPartOf(byte[] file) {
        int start = random.nextInt(file.length + 1);
        int length = Math.min(random.nextInt(64), file.length - start);
        return Arrays.copyOfRange(file, start, start + length);
    }

    private byte[] randomText() {
        return TEXTS[random.nextInt(TEXTS.length)].getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] concat(byte[] head, byte[] middle, byte[] file, int tailStart) {
        ByteBuffer joined =
                ByteBuffer.allocate(head.length + middle.length + file.length - tailStart);
        return joined.put(head).put(middle).put(file, tailStart, file.length - tailStart).array();
    }
}
