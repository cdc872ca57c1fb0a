package dev.ugoki.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A program for libtorch: TorchScript that computes something of its inputs {@code a, b, c, ..} as
 * often as it is told to, so that the cost of calling it does not count.
 *
 * <p>Any operation of libtorch can be named as {@code torch.NAME}, those with a result to write to
 * and those of autograd too, which DJL has no methods for.
 *
 * @param inputs how many tensors it takes
 * @param before lines that run once, such as making an input a variable
 * @param repeated lines that set {@code r}, a list of tensors; run again and again
 */
record TorchScript(int inputs, List<String> before, List<String> repeated) implements Libtorch {

    /** One expression, a tensor, of the inputs. */
    static TorchScript of(int inputs, String expression) {
        return new TorchScript(inputs, List.of(), List.of("r = [" + expression + "]"));
    }

    /** One expression that writes to a tensor {@code o} like the first input. */
    static TorchScript out(int inputs, String expression) {
        return new TorchScript(
                inputs, List.of("o = torch.empty_like(a)"), List.of("r = [" + expression + "]"));
    }

    /**
     * The gradients of an expression in the first {@code variables} inputs; the last input is the
     * gradient of the expression.
     */
    static TorchScript gradient(int inputs, int variables, String expression) {
        List<String> before =
                IntStream.range(0, variables)
                        .mapToObj(
                                i ->
                                        name(i)
                                                + " = torch.requires_grad_(torch.detach("
                                                + name(i)
                                                + "), True)")
                        .toList();
        String of =
                IntStream.range(0, variables)
                        .mapToObj(TorchScript::name)
                        .collect(Collectors.joining(", "));
        return new TorchScript(
                inputs,
                before,
                List.of(
                        "y = " + expression,
                        "g = torch.grad([y], ["
                                + of
                                + "], annotate(List[Optional[Tensor]], ["
                                + name(inputs - 1)
                                + "]))",
                        "r = [y]",
                        "for v in g:",
                        "  r = torch.append(r, unchecked_cast(Tensor, v))"));
    }

    /** The name of input {@code i}. */
    static String name(int i) {
        return i < 5 ? String.valueOf((char) ('a' + i)) : "input" + i;
    }

    private String source() {
        String parameters =
                IntStream.range(0, inputs)
                        .mapToObj(i -> ", " + name(i) + ": Tensor")
                        .collect(Collectors.joining());
        StringBuilder text = new StringBuilder();
        text.append("class Program(Module):\n");
        text.append("  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        text.append("  def forward(self: __torch__.Program, n: Tensor").append(parameters);
        text.append(") -> List[Tensor]:\n    r = annotate(List[Tensor], [])\n");
        before.forEach(line -> text.append("    ").append(line).append('\n'));
        text.append("    for i in range(int(n)):\n");
        repeated.forEach(line -> text.append("      ").append(line).append('\n'));
        return text.append("    return r\n").toString();
    }

    /** The program as the archive that libtorch loads: a zip of its source and of its state. */
    byte[] archive() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            add(zip, "data.pkl", pickledModule());
            add(zip, "code/__torch__.py", source().getBytes(StandardCharsets.UTF_8));
            add(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            add(zip, "version", "10\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A pickle, protocol 2: an object of class Program with {@code training} true. */
    private static byte[] pickledModule() throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.write(new byte[] {(byte) 0x80, 2});
        pickle.write("c__torch__\nProgram\n".getBytes(StandardCharsets.US_ASCII));
        pickle.write(new byte[] {')', (byte) 0x81, '}', '('});
        pickle.write(new byte[] {'X', 8, 0, 0, 0});
        pickle.write("training".getBytes(StandardCharsets.US_ASCII));
        pickle.write(new byte[] {(byte) 0x88, 'u', 'b', '.'});
        return pickle.toByteArray();
    }

    private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry("program/" + name);
        CRC32 sum = new CRC32();
        sum.update(content);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
