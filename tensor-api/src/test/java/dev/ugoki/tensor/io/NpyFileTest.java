package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.Refusals.assertRefused;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class NpyFileTest {
    @TempDir Path folder;
    private Path path;

    @BeforeEach
    void nameTheFile() {
        path = folder.resolve("array.npy");
    }

    @Test
    void everyTypeComesBackAsItWasWritten() throws IOException {
        Random random = new Random(2);
        for (DType dtype : DType.values()) {
            if (dtype == DType.BF16) {
                continue;
            }
            for (Shape shape : List.of(Shape.of(3, 5), Shape.SCALAR, Shape.of(7), Shape.of(0, 4))) {
                byte[] bytes = new byte[(int) shape.elementCount() * dtype.byteSize()];
                random.nextBytes(bytes);
                if (dtype == DType.BOOL) {
                    for (int i = 0; i < bytes.length; i++) {
                        bytes[i] &= 1;
                    }
                }
                HostArray array = HostArray.ofBytes(dtype, shape, bytes);
                NpyFile.write(path, array);
                assertEquals(array, NpyFile.read(path));
            }
        }
    }

    @Test
    void theHeaderIsTheOneThatNumpyWrites() throws IOException {
        NpyFile.write(path, HostArray.of(Shape.of(25650, 2), new float[51300]));
        String dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (25650, 2), }";
        byte[] file = Files.readAllBytes(path);
        assertEquals(128 + 4 * 51300, file.length);
        assertArrayEquals(
                npy(1, dict + " ".repeat(117 - dict.length()) + "\n", new byte[0]),
                Arrays.copyOf(file, 128));
        NpyFile.write(path, HostArray.of(Shape.SCALAR, 1.0));
        assertTrue(Files.readString(path, StandardCharsets.ISO_8859_1).contains("'shape': (), }"));
        NpyFile.write(path, HostArray.of(Shape.of(3), true, true, true));
        String text = Files.readString(path, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }"));
    }

    @Test
    void bf16IsNotWritten() {
        HostArray array = HostArray.of(Shape.SCALAR, 1f).to(DType.BF16);
        Exception refusal =
                assertThrows(IllegalArgumentException.class, () -> NpyFile.write(path, array));
        assertEquals(
                "npy has no BF16; convert with to(DType.F32), or write safetensors",
                refusal.getMessage());
    }

    @Test
    void columnMajorArraysAreTurned() throws IOException {
        // numpy.asfortranarray(numpy.arange(24, dtype='u1').reshape(2, 3, 4))
        byte[] data = {
            0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23
        };
        write(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }", data);
        HostArray array = NpyFile.read(path);
        assertEquals(Shape.of(2, 3, 4), array.shape());
        for (int i = 0; i < 24; i++) {
            assertEquals(i, array.longAt(i));
        }
    }

    @Test
    void columnMajorArraysOfEveryWidthAreTurned() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(64);
        for (double value : new double[] {1, 3, 2, 4}) {
            data.putDouble(value);
        }
        write(1, "{'descr': '>f8', 'fortran_order': True, 'shape': (2, 2), }", data, 32);
        assertArrayEquals(new double[] {1, 2, 3, 4}, NpyFile.read(path).toDoubles());
        data.clear();
        for (int value : new int[] {1, 3, 2, 4}) {
            data.putInt(value);
        }
        write(1, "{'descr': '>i4', 'fortran_order': True, 'shape': (2, 2), }", data, 16);
        assertArrayEquals(new int[] {1, 2, 3, 4}, NpyFile.read(path).toInts());
        data.clear();
        for (float value : new float[] {1, 3, 2, 4}) {
            data.putShort(Float.floatToFloat16(value));
        }
        write(1, "{'descr': '>f2', 'fortran_order': True, 'shape': (2, 2), }", data, 8);
        assertArrayEquals(new float[] {1, 2, 3, 4}, NpyFile.read(path).toFloats());
        write(1, "{'descr': '>f8', 'fortran_order': True, 'shape': (0, 2), }", data, 0);
        assertEquals(Shape.of(0, 2), NpyFile.read(path).shape());
    }

    @Test
    void otherVersionsAndWaysToWriteTheHeaderAreRead() throws IOException {
        byte[] two = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(2).array();
        for (String dict :
                List.of(
                        "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }   \n",
                        "{'descr': '<i8', 'fortran_order': False, 'shape': (1L,)}",
                        "{\"shape\":(1,),\"fortran_order\":True,\"descr\":\"<i8\"}",
                        " { 'shape' : ( 1 , ) , 'descr' : '<i8' , 'fortran_order' : False , } ")) {
            for (int version = 1; version <= 3; version++) {
                write(version, dict, two);
                assertArrayEquals(new long[] {2}, NpyFile.read(path).toLongs());
            }
        }
    }

    @Test
    void bytesHaveNoOrder() throws IOException {
        for (String descr : List.of("|u1", "<u1", ">u1", "u1")) {
            write(1, "{'descr': '" + descr + "', 'fortran_order': False, 'shape': ()}", (byte) 200);
            assertEquals(200, NpyFile.read(path).longAt(0));
        }
    }

    @Test
    void aFileThatIsNotNpy() throws IOException {
        Files.write(path, new byte[0]);
        refused("is not npy: it does not begin with \\x93NUMPY");
        Files.writeString(path, "PK\3\4 and so on");
        refused("is not npy");
        Files.write(path, Arrays.copyOf(npy(1, "", new byte[0]), 9));
        refused("ends inside its npy header: it is cut off");
        byte[] future = npy(1, "", new byte[0]);
        future[6] = 4;
        Files.write(path, future);
        refused("is npy of version 4.0; versions 1.0, 2.0 and 3.0 can be read");
    }

    @Test
    void aHeaderLongerThanItMayBe() throws IOException {
        byte[] lying = npy(2, "", new byte[0]);
        Arrays.fill(lying, 8, 12, (byte) -1);
        Files.write(path, lying);
        refused("announces an npy header of 4294967295 bytes");
        byte[] cut = npy(1, "", new byte[0]);
        cut[9] = 1;
        Files.write(path, cut);
        refused("ends inside its npy header: it is cut off");
    }

    @Test
    void sizesThatDoNotFit() throws IOException {
        write(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", new byte[7]);
        refused("is cut off: F32[2] takes 8 bytes, but only 7 follow its header");
        write(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", new byte[9]);
        refused("F32[2] takes 8 bytes, but 9 follow its header; one array is read from a file");
        write(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000000,)}");
        refused("is cut off: F32[4000000000000] takes 16000000000000 bytes, but only 0 follow");
    }

    @Test
    void shapesThatOverflowOrAreNone() throws IOException {
        refusedShape("(4611686018427387904,)", "more bytes than 64-bit numbers can count");
        refusedShape("(2305843009213693951,)", "more bytes than 64-bit numbers can count");
        refusedShape("(4294967296, 4294967296, 0)", "more bytes than 64-bit numbers can count");
        refusedShape("(9223372036854775808,)", "the extent '9223372036854775808' does not fit");
        refusedShape("(-1,)", "an extent of the shape is not a whole number");
        refusedShape("(1.5,)", "expected ')'");
        refusedShape("(3)", "the shape is a number in brackets, not a tuple");
        refusedShape("3", "expected '('");
        refusedShape("(3, 4", "expected ')'");
        refusedShape("(" + "1, ".repeat(65) + ")", "the shape has more than 64 dimensions");
    }

    private void refusedShape(String shape, String problem) throws IOException {
        write(1, "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}");
        refused("has a malformed npy header");
        refused(problem);
    }

    @Test
    void unsupportedTypesAreNamed() throws IOException {
        refusedType("|O", "'|O' (Python objects, whose reading could run foreign code)");
        refusedType("<U7", "'<U7' (text)");
        refusedType("<M8[ns]", "'<M8[ns]' (dates)");
        refusedType("<c16", "'<c16' (complex numbers)");
        refusedType("|V2", "'|V2' (raw bytes)");
        refusedType("<u4", "'<u4' (integers of a width that is not supported)");
        refusedType("<f16", "'<f16' (floats of a width that is not supported)");
        refusedType("", "''");
        refusedType("f4", "'f4', which lacks a byte order");
        refusedType("|f4", "'|f4', which lacks a byte order");
        write(1, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}");
        refused("has a structured dtype (fields with names), which is not supported");
    }

    private void refusedType(String descr, String problem) throws IOException {
        write(1, "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (1,)}");
        refused("has the dtype " + problem);
    }

    @Test
    void keysThatStandTwiceAreMissingOrUnknown() throws IOException {
        write(1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (0,)}");
        refused("the key 'descr' stands there twice");
        write(1, "{'descr': '<f4', 'fortran_order': False}");
        refused("the key 'shape' is missing");
        write(1, "{'descr': '<f4', 'order': False}");
        refused("the key 'order' is unknown");
        write(1, "{'descr': '<f4', 'fortran_order': 0, 'shape': (0,)}");
        refused("fortran_order is neither True nor False");
        write(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} + x");
        refused("something follows the dict");
        write(1, "{'descr': 'a\\'b', 'fortran_order': False, 'shape': (0,)}");
        refused("a string has an escape");
        write(1, "{'descr");
        refused("a string has no end");
    }

    @Test
    void booleansThatAreNone() throws IOException {
        byte[] data = {0, 1, -1};
        write(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", data);
        refused("is of booleans, but its element 2 is 255, not 0 or 1; save it as u1");
    }

    private void refused(String text) {
        assertRefused(path, text, () -> NpyFile.read(path));
    }

    private void write(int version, String dict, ByteBuffer data, int size) throws IOException {
        write(version, dict, Arrays.copyOf(data.array(), size));
    }

    private void write(int version, String dict, byte... data) throws IOException {
        Files.write(path, npy(version, dict, data));
    }

    static byte[] npy(int version, String dict, byte... data) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        for (int i = 0; i < (version == 1 ? 2 : 4); i++) {
            file.write(dict.length() >>> 8 * i);
        }
        file.writeBytes(dict.getBytes(StandardCharsets.ISO_8859_1));
        file.writeBytes(data);
        return file.toByteArray();
    }
}
