package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import java.util.ArrayList;
import java.util.List;

/**
 * Which operands of a joined kernel are gone through as they lie. Along the columns an operand must
 * advance element by element or stay where it is, and rows must be long enough to be worth a loop:
 * others are copied into order first.
 */
final class NestRules {
    private static final long FEWEST_COLUMNS = 8;

    private NestRules() {}

    /** The operands, some of them as copies, whose steps are added to {@code copies}. */
    static List<Stored> walkable(
            Backend backend, Shape shape, List<Stored> operands, List<Step> copies) {
        boolean[] copied = new boolean[operands.size()];
        while (true) {
            int last = lastJoined(shape, operands, copied);
            long columns = 1;
            for (int dim = last; dim < shape.rank(); dim++) {
                columns *= shape.extent(dim);
            }
            boolean enough = columns >= FEWEST_COLUMNS || last == 0;
            boolean again = false;
            for (int i = 0; i < operands.size(); i++) {
                if (!copied[i] && !operands.get(i).isContiguous()) {
                    long step = shape.rank() == 0 ? 0 : operands.get(i).stride(shape.rank() - 1);
                    boolean scalar = isOneElement(operands.get(i));
                    if (step != 0 && step != 1 || !enough && !scalar) {
                        copied[i] = true;
                        again = true;
                    }
                }
            }
            if (!again) {
                break;
            }
        }
        List<Stored> walked = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            walked.add(copied[i] ? copy(backend, operands.get(i), copies) : operands.get(i));
        }
        return walked;
    }

    private static boolean isOneElement(Stored operand) {
        for (int dim = 0; dim < operand.shape().rank(); dim++) {
            if (operand.stride(dim) != 0 && operand.shape().extent(dim) != 1) {
                return false;
            }
        }
        return true;
    }

    /** The first of the dimensions that all operands walk through as one with the last. */
    private static int lastJoined(Shape shape, List<Stored> operands, boolean[] copied) {
        int first = shape.rank() - 1;
        while (first > 0) {
            for (int i = 0; i < operands.size(); i++) {
                Stored operand = operands.get(i);
                if (!copied[i]
                        && operand.stride(first - 1)
                                != shape.extent(first) * operand.stride(first)) {
                    return first;
                }
            }
            first--;
        }
        return 0;
    }

    private static Stored copy(Backend backend, Stored operand, List<Step> copies) {
        Stored copy = new Stored(Storage.placeholder(backend), operand.type());
        copies.add(
                new Step.Operation(
                        new Prim.Reshape(operand.shape()), List.of(operand), List.of(copy)));
        return copy;
    }
}
