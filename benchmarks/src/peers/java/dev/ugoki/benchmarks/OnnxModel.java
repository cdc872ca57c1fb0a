package dev.ugoki.benchmarks;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A model of one node in ONNX's format, which is protobuf: fields with a number and a kind. */
final class OnnxModel {
    /** The name of the result. */
    static final String OUTPUT = "y";

    private static final int IR_VERSION = 10;

    /** The first that has Gelu. */
    private static final int OPERATOR_SET = 20;

    private static final int FLOAT = 1;
    private static final int INTEGERS = 7;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private OnnxModel() {}

    /** The operator with its defaults, of F32 inputs; a Conv keeps the size of images. */
    static byte[] ofNode(String operator, List<Input> inputs) {
        OnnxModel node = new OnnxModel();
        OnnxModel graph = new OnnxModel();
        for (int i = 0; i < inputs.size(); i++) {
            node.text(1, TorchScript.name(i));
        }
        node.text(2, OUTPUT).text(4, operator);
        if (operator.equals("Conv")) {
            OnnxModel pads = new OnnxModel().text(1, "pads");
            for (int i = 0; i < 4; i++) {
                pads.number(8, 1);
            }
            node.message(5, pads.number(20, INTEGERS));
        }
        graph.message(1, node).text(2, "one");
        for (int i = 0; i < inputs.size(); i++) {
            graph.message(11, value(TorchScript.name(i), inputs.get(i).shape()));
        }
        OnnxModel type = new OnnxModel().message(1, new OnnxModel().number(1, FLOAT));
        graph.message(12, new OnnxModel().text(1, OUTPUT).message(2, type));
        return new OnnxModel()
                .number(1, IR_VERSION)
                .message(7, graph)
                .message(8, new OnnxModel().number(2, OPERATOR_SET))
                .bytes
                .toByteArray();
    }

    private static OnnxModel value(String name, long[] shape) {
        OnnxModel extents = new OnnxModel();
        for (long extent : shape) {
            extents.message(1, new OnnxModel().number(1, extent));
        }
        OnnxModel tensor = new OnnxModel().number(1, FLOAT).message(2, extents);
        return new OnnxModel().text(1, name).message(2, new OnnxModel().message(1, tensor));
    }

    private OnnxModel number(int field, long value) {
        variable((long) field << 3);
        variable(value);
        return this;
    }

    private OnnxModel text(int field, String value) {
        return block(field, value.getBytes(StandardCharsets.UTF_8));
    }

    private OnnxModel message(int field, OnnxModel value) {
        return block(field, value.bytes.toByteArray());
    }

    private OnnxModel block(int field, byte[] content) {
        variable((long) field << 3 | 2);
        variable(content.length);
        bytes.writeBytes(content);
        return this;
    }

    /** Seven bits a byte, the lowest first. */
    private void variable(long value) {
        long rest = value;
        while (rest >= 0x80) {
            bytes.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        bytes.write((int) rest);
    }
}
