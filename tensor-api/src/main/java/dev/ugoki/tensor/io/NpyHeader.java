package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The header of an npy stream, read and checked.
 *
 * <p>Six bytes of magic, two of version, the length of what follows (two bytes in version 1.0, four
 * in 2.0 and 3.0, little-endian), then a Python dict: {@code {'descr': '<f4', 'fortran_order':
 * False, 'shape': (25650, 2), }}. Source: numpy's documentation of {@code numpy.lib.format}.
 *
 * @param dtype the type of the elements
 * @param bigEndian whether their bytes stand in the other order
 * @param columnMajor whether the first index varies fastest ({@code fortran_order})
 * @param shape the extents
 * @param size the number of bytes up to the elements
 * @param dataSize the number of bytes of the elements
 */
record NpyHeader(
        DType dtype,
        boolean bigEndian,
        boolean columnMajor,
        Shape shape,
        long size,
        long dataSize) {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;

    /** The header of a supported type takes a hundred bytes or two; more is not read. */
    private static final int MOST_DICT_BYTES = 1 << 16;

    /** numpy leaves room for the first extent to grow to so many digits. */
    private static final int GROWTH_DIGITS = 21;

    /**
     * Reads a header; the stream then stands at the elements.
     *
     * @param file named in errors
     * @param what what in the file is read, with a space after it; may be empty
     */
    static NpyHeader read(Path file, String what, InputStream in) throws IOException {
        byte[] start = in.readNBytes(MAGIC.length + 2);
        if (start.length < MAGIC.length + 2 || !startsWithMagic(start)) {
            throw new FileFormatException(
                    file,
                    what + "is not npy: it does not begin with \\x93NUMPY; name another file");
        }
        int major = start[6] & 0xff;
        int minor = start[7] & 0xff;
        if (major < 1 || major > 3 || minor != 0) {
            throw new FileFormatException(
                    file,
                    "%sis npy of version %d.%d; versions 1.0, 2.0 and 3.0 can be read: save it so"
                            .formatted(what, major, minor));
        }
        byte[] lengthBytes = in.readNBytes(major == 1 ? 2 : 4);
        long length = 0;
        for (int i = lengthBytes.length - 1; i >= 0; i--) {
            length = length << 8 | lengthBytes[i] & 0xff;
        }
        if (length > MOST_DICT_BYTES) {
            throw new FileFormatException(
                    file,
                    ("%sannounces an npy header of %d bytes, more than any supported type needs; it"
                                    + " is corrupt, or of a type that is not supported")
                            .formatted(what, length));
        }
        byte[] dict = in.readNBytes((int) length);
        if (dict.length < length || lengthBytes.length < (major == 1 ? 2 : 4)) {
            throw new FileFormatException(
                    file, what + "ends inside its npy header: it is cut off; write it again");
        }
        // versions 1 and 2 are Latin-1; names of fields, which version 3 has in UTF-8, are refused
        String text = new String(dict, StandardCharsets.ISO_8859_1);
        NpyDict parsed = new NpyDict(file, what, text);
        return parsed.toHeader(start.length + lengthBytes.length + length);
    }

    private static boolean startsWithMagic(byte[] start) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (start[i] != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }

    /** The header that numpy writes before such an array, row-major and little-endian. */
    static byte[] bytesFor(HostArray array) {
        StringBuilder dict = new StringBuilder("{'descr': '");
        dict.append(descr(array.dtype()));
        dict.append("', 'fortran_order': False, 'shape': (");
        long[] extents = array.shape().toArray();
        for (int dim = 0; dim < extents.length; dim++) {
            dict.append(dim == 0 ? "" : ", ").append(extents[dim]);
        }
        dict.append(extents.length == 1 ? ",), }" : "), }");
        if (extents.length > 0) {
            int digits = Long.toString(extents[0]).length();
            dict.append(" ".repeat(GROWTH_DIGITS - digits));
        }
        int prefix = MAGIC.length + 4;
        int unpadded = prefix + dict.length() + 1;
        dict.append(" ".repeat(ALIGNMENT - unpadded % ALIGNMENT)).append('\n');
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        header.writeBytes(MAGIC);
        header.write(1);
        header.write(0);
        header.write(dict.length());
        header.write(dict.length() >>> 8);
        header.writeBytes(dict.toString().getBytes(StandardCharsets.ISO_8859_1));
        return header.toByteArray();
    }

    private static String descr(DType dtype) {
        return switch (dtype) {
            case F64 -> "<f8";
            case F32 -> "<f4";
            case F16 -> "<f2";
            case I64 -> "<i8";
            case I32 -> "<i4";
            case I8 -> "|i1";
            case U8 -> "|u1";
            case BOOL -> "|b1";
            case BF16 ->
                    throw new IllegalArgumentException(
                            "npy has no BF16; convert with to(DType.F32), or write safetensors");
        };
    }

    /** The dtype that a type code without its byte order stands for. */
    static DType dtypeOf(Path file, String what, String descr) throws FileFormatException {
        char order = descr.isEmpty() ? ' ' : descr.charAt(0);
        String code = order == '<' || order == '>' || order == '|' ? descr.substring(1) : descr;
        DType dtype =
                switch (code) {
                    case "f8" -> DType.F64;
                    case "f4" -> DType.F32;
                    case "f2" -> DType.F16;
                    case "i8" -> DType.I64;
                    case "i4" -> DType.I32;
                    case "i1" -> DType.I8;
                    case "u1" -> DType.U8;
                    case "b1" -> DType.BOOL;
                    default -> throw unsupported(file, what, descr, code);
                };
        if (dtype.byteSize() > 1 && order != '<' && order != '>') {
            throw new FileFormatException(
                    file,
                    "%shas the dtype %s, which lacks a byte order ('<' or '>'); save it again"
                            .formatted(what, quote(descr)));
        }
        return dtype;
    }

    private static FileFormatException unsupported(
            Path file, String what, String descr, String code) {
        String kind =
                switch (code.isEmpty() ? ' ' : code.charAt(0)) {
                    case 'O' -> " (Python objects, whose reading could run foreign code)";
                    case 'S', 'a', 'U' -> " (text)";
                    case 'M', 'm' -> " (dates)";
                    case 'c' -> " (complex numbers)";
                    case 'V' -> " (raw bytes)";
                    case 'i', 'u' -> " (integers of a width that is not supported)";
                    case 'f' -> " (floats of a width that is not supported)";
                    default -> "";
                };
        return new FileFormatException(
                file,
                ("%shas the dtype %s%s; f8, f4, f2, i8, i4, i1, u1 and b1 can be read: convert it"
                                + " with astype before saving")
                        .formatted(what, quote(descr), kind));
    }
}
