package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.Refusals.assertRefused;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Headers that lie, and what is said of them. */
class SafetensorsRefusalTest {
    @TempDir Path folder;
    private Path path;

    @BeforeEach
    void nameTheFile() {
        path = folder.resolve("lying.safetensors");
    }

    @Test
    void aFileTooShortForItsHeaderLength() throws IOException {
        Files.write(path, new byte[7]);
        refused("is not safetensors: it has 7 bytes, fewer than the 8 of the header's length");
        Files.write(path, new byte[0]);
        refused("it has 0 bytes");
    }

    @Test
    void aHeaderLongerThanTheFile() throws IOException {
        write(100, "{}", 0);
        refused("its first 8 bytes announce a header of 100 bytes, but only 2 follow");
    }

    @Test
    void aHeaderLongerThanTheFormatAllows() throws IOException {
        write(100_000_001, "{}", 0);
        refused("announce a header of 100000001 bytes, but the format allows 100000000");
        write(-1, "{}", 0);
        refused("announce a header of 18446744073709551615 bytes");
    }

    @Test
    void aHeaderThatDoesNotBeginWithABrace() throws IOException {
        write(" {}", 0);
        refused("the header does not begin with '{'");
        write("", 0);
        refused("the header does not begin with '{'");
    }

    @Test
    void offsetsThatDoNotSpanWhatTypeAndShapeTake() throws IOException {
        write("{'a':{'dtype':'F32','shape':[2,3],'data_offsets':[0,20]}}", 20);
        refused("tensor 'a' takes 24 bytes as F32[2,3], but its offsets [0, 20] span 20");
        write("{'a':{'dtype':'F32','shape':[],'data_offsets':[0,0]}}", 0);
        refused("tensor 'a' takes 4 bytes as F32[], but its offsets [0, 0] span 0");
        write("{'a':{'dtype':'F4','shape':[3],'data_offsets':[0,2]}}", 2);
        refused("tensor 'a' takes 12/8 bytes as F4[3]");
    }

    @Test
    void offsetsOutsideTheFile() throws IOException {
        write("{'a':{'dtype':'U8','shape':[9],'data_offsets':[0,9]}}", 8);
        refused("is cut off: its tensors take 9 bytes, but only 8 follow the header");
        write("{'a':{'dtype':'U8','shape':[1],'data_offsets':[9223372036854775807,0]}}", 8);
        refused("tensor 'a' ends at offset 0 before it begins at 9223372036854775807");
    }

    @Test
    void overlapsAndGaps() throws IOException {
        String a = "'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]}";
        write("{" + a + ",'b':{'dtype':'U8','shape':[4],'data_offsets':[2,6]}}", 6);
        refused("tensor 'b' begins at offset 2, but 'a' ends at 4: an overlap");
        write("{" + a + ",'b':{'dtype':'U8','shape':[4],'data_offsets':[0,4]}}", 4);
        refused("tensor 'b' begins at offset 0, but 'a' ends at 4: an overlap");
        write("{'b':{'dtype':'U8','shape':[4],'data_offsets':[5,9]}," + a + "}", 9);
        refused("tensor 'b' begins at offset 5, but 'a' ends at 4: a gap");
        write("{'b':{'dtype':'U8','shape':[4],'data_offsets':[1,5]}}", 5);
        refused("tensor 'b' begins at offset 1, but the header ends at 0: a gap");
    }

    @Test
    void bytesAfterTheLastTensor() throws IOException {
        write("{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]}}", 7);
        refused("3 bytes follow the last tensor");
        write("{}", 1);
        refused("1 bytes follow the last tensor");
    }

    @Test
    void typesThatTheFormatLacks() throws IOException {
        write("{'a':{'dtype':'f32','shape':[1],'data_offsets':[0,4]}}", 4);
        refused("tensor 'a' has the dtype 'f32', which the format lacks");
    }

    @Test
    void unsupportedTypesOnlyWhenTheyAreAskedFor() throws IOException {
        write(
                "{'a':{'dtype':'U16','shape':[2],'data_offsets':[0,4]},"
                        + "'b':{'dtype':'U8','shape':[1],'data_offsets':[4,5]},"
                        + "'c':{'dtype':'F4','shape':[2],'data_offsets':[5,6]}}",
                6);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(0, file.array("b").longAt(0));
            assertEquals(Shape.of(2), file.shape("a"));
            String advice = "convert it to one of F64, F32, F16, BF16, I64, I32, I8, U8, BOOL";
            assertRefused(
                    path,
                    "tensor 'a' is U16[2], a type that is not supported; " + advice,
                    () -> file.array("a"));
            assertRefused(path, "tensor 'c' is F4[2], a type", () -> file.dtype("c"));
        }
        refused("tensor 'a' is U16[2], a type that is not supported");
    }

    @Test
    void booleansThatAreNone() throws IOException {
        write("{'a':{'dtype':'BOOL','shape':[4],'data_offsets':[0,4]}}", 4);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(file.length() - 2);
            file.write(2);
        }
        refused("tensor 'a' is BOOL, but its element 2 is 2, not 0 or 1");
    }

    @Test
    void shapesThatOverflow() throws IOException {
        String huge = "[4294967296,4294967296]";
        write("{'a':{'dtype':'U8','shape':" + huge + ",'data_offsets':[0,0]}}", 0);
        refused(
                "tensor 'a' has a shape of more bits than 64-bit numbers can count:"
                        + " [4294967296, 4294967296]");
        write("{'a':{'dtype':'F64','shape':[2305843009213693952],'data_offsets':[0,0]}}", 0);
        refused("more bits than 64-bit numbers can count: [2305843009213693952]");
        write("{'a':{'dtype':'U8','shape':[4294967296,4294967296,0],'data_offsets':[0,0]}}", 0);
        refused("more bits than 64-bit numbers can count");
        write("{'a':{'dtype':'U8','shape':[9223372036854775808],'data_offsets':[0,0]}}", 0);
        refused("a number that does not fit into 64 bits");
        write("{'a':{'dtype':'U8','shape':[" + "1,".repeat(64) + "1],'data_offsets':[0,1]}}", 1);
        refused("tensor 'a' has more than 64 numbers in shape");
    }

    @Test
    void negativeNumbers() throws IOException {
        write("{'a':{'dtype':'U8','shape':[-1],'data_offsets':[0,1]}}", 1);
        refused("tensor 'a' has the negative number -1 in shape");
        write("{'a':{'dtype':'U8','shape':[1],'data_offsets':[-1,0]}}", 1);
        refused("tensor 'a' has the negative number -1 in data_offsets");
    }

    @Test
    void numbersThatAreNotWhole() throws IOException {
        for (String number : new String[] {"1.0", "1e0", "1E2"}) {
            write("{'a':{'dtype':'U8','shape':[" + number + "],'data_offsets':[0,1]}}", 1);
            refused("at byte 28: a number that is not written as a whole number");
        }
        write("{'a':{'dtype':'U8','shape':[01],'data_offsets':[0,1]}}", 1);
        refused("a number with a leading zero");
        write("{'a':{'dtype':'U8','shape':['1'],'data_offsets':[0,1]}}", 1);
        refused("at byte 28: expected a whole number, found '\"'");
        write("{'a':{'dtype':'U8','shape':[-],'data_offsets':[0,1]}}", 1);
        refused("expected a whole number, found '-'");
        String digits = "9".repeat(100_000);
        write("{'a':{'dtype':'U8','shape':[" + digits + "],'data_offsets':[0,1]}}", 1);
        refused("a number that does not fit into 64 bits");
    }

    @Test
    void keysThatStandTwiceAreMissingOrUnknown() throws IOException {
        String a = "'a':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}";
        write("{" + a + "," + a + "}", 0);
        refused("key 'a' stands there twice");
        write("{'a':{'dtype':'U8','shape':[0],'shape':[0],'data_offsets':[0,0]}}", 0);
        refused("key 'shape' stands there twice");
        write("{'__metadata__':{'x':'1','\\u0078':'2'}}", 0);
        refused("key 'x' stands there twice");
        write("{'a':{'dtype':'U8','shape':[0]}}", 0);
        refused("tensor 'a' has no data_offsets");
        write("{'a':{'shape':[0],'data_offsets':[0,0]}}", 0);
        refused("tensor 'a' has no dtype");
        write("{'a':{'dtype':'U8','shape':[0],'data_offsets':[0]}}", 0);
        refused("tensor 'a' has data_offsets that are not [begin, end]");
        write("{'a':{'dtype':'U8','shape':[0],'data_offsets':[0,0,0]}}", 0);
        refused("tensor 'a' has more than 2 numbers in data_offsets");
        write("{'a':{'codec':'zstd','dtype':'U8','shape':[0],'data_offsets':[0,0]}}", 0);
        refused("tensor 'a' has the key 'codec', but the format knows dtype, shape and");
    }

    @Test
    void metadataThatIsNotText() throws IOException {
        write("{'__metadata__':{'step':5}}", 0);
        refused("expected '\"', found '5'");
        write("{'__metadata__':[]}", 0);
        refused("expected '{', found '['");
    }

    @Test
    void deepNesting() throws IOException {
        write("{'a':" + "[".repeat(1_000_000), 0);
        refused("at byte 5: expected '{', found '['");
        write("{'a':".repeat(200_000), 0);
        refused("tensor 'a' has the key 'a', but the format knows");
        write("{'a':{'shape':" + "[".repeat(1_000_000), 0);
        refused("expected a whole number, found '['");
    }

    @Test
    void jsonThatIsMalformed() throws IOException {
        refusedAs("{", "expected '\"', the header ends");
        refusedAs("{'a", "a string without an end");
        refusedAs("{'a\\", "a string without an end");
        refusedAs("{'a'", "expected ':', the header ends");
        refusedAs("{'__metadata__':{'a':'b',}}", "expected '\"', found '}'");
        refusedAs("{'__metadata__':{'a':'b' 'c':'d'}}", "expected '}', found '\"'");
        refusedAs("{}}", "expected the end, found '}'");
        refusedAs("{}\0", "expected the end, found '\\x00'");
        refusedAs("{'\n':1}", "a control character inside a string");
        refusedAs("{'\\x':1}", "a string with an unknown escape");
        refusedAs("{'\\u12g4':1}", "a string with an escape that lacks its four hex digits");
        refusedAs("{'\\u12':1}", "a string with an escape that lacks its four hex digits");
        refusedAs("{'\\ud83e':1}", "a string with half a surrogate pair");
        refusedAs("{//comment\n}", "expected '\"', found '/'");
    }

    private void refusedAs(String header, String problem) throws IOException {
        write(header, 0);
        refused("the header's JSON is malformed at byte ");
        refused(problem);
    }

    @Test
    void textThatIsNotUtf8() throws IOException {
        byte[] json = "{'__metadata__':{'a':'?'}}".replace('\'', '"').getBytes();
        json[json.length - 4] = (byte) 0xc0;
        write(json.length, json, 0);
        refused("a string that is not valid UTF-8");
    }

    @Test
    void longNamesAreCutInMessages() throws IOException {
        write("{'" + "x".repeat(10_000) + "':{'dtype':'?'}}", 0);
        refused("tensor '" + "x".repeat(120) + "...' has the dtype '?'");
    }

    private void refused(String text) {
        assertRefused(path, text, () -> SafetensorsFile.read(path));
    }

    private void write(String header, int dataSize) throws IOException {
        write(header.length(), header, dataSize);
    }

    private void write(long headerLength, String header, int dataSize) throws IOException {
        byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        write(headerLength, json, dataSize);
    }

    private void write(long headerLength, byte[] json, int dataSize) throws IOException {
        ByteBuffer file =
                ByteBuffer.allocate(8 + json.length + dataSize).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(path, file.putLong(headerLength).put(json).array());
    }
}
