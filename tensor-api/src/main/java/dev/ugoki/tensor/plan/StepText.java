package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelText;
import dev.ugoki.tensor.spi.Stored;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Steps as lines that a person reads. */
final class StepText {
    private StepText() {}

    static String of(Step step, MemoryPlan memory) {
        return switch (step) {
            case Step.LoopBegin begin -> "repeat " + begin.count() + " times";
            case Step.LoopEnd _ -> "end";
            case Step.Operation each ->
                    views(each.results(), memory)
                            + " = "
                            + each.op()
                            + views(each.operands(), memory);
            case Step.Joined each ->
                    views(each.results(), memory)
                            + " = "
                            + each
                            + views(each.operands(), memory)
                            + "\n"
                            + kernel(each.kernel()).indent(6).stripTrailing();
            case Step.Ended each ->
                    views(each.results(), memory)
                            + " = "
                            + each.op()
                            + "+"
                            + String.join("+", each.names())
                            + views(each.operands(), memory)
                            + "\n      in"
                            + each.input()
                            + " is the product\n"
                            + kernel(each.kernel()).indent(6).stripTrailing();
            case Step.Reduced each ->
                    views(each.results(), memory)
                            + " = "
                            + each
                            + views(each.operands(), memory)
                            + "\n"
                            + kernel(each.kernel()).indent(6).stripTrailing()
                            + "\n      "
                            + each.tail().kind()
                            + " of "
                            + each.tail().length()
                            + " elements of output "
                            + each.tail().output();
        };
    }

    static String kernel(Kernel kernel) {
        return KernelText.of(kernel);
    }

    private static String views(List<Stored> views, MemoryPlan memory) {
        return views.stream()
                .map(view -> view(view, memory))
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String view(Stored view, MemoryPlan memory) {
        long offset = memory.offset(view.storage());
        String place = offset >= 0 ? "@" + offset : "";
        String layout = view.isContiguous() ? "" : Arrays.toString(view.toStrides());
        return view.type() + layout + place;
    }
}
