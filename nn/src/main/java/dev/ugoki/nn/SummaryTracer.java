package dev.ugoki.nn;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.tensor.Inspector;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Op;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Sees the operations of a module and gives each to a module in it, for {@link ModuleSummary}. */
final class SummaryTracer {
    private final List<Place> places = new ArrayList<>();
    private final Map<Tensor, Place> owners = new IdentityHashMap<>();
    private Place before;
    private long waitingOperations;
    private long waitingBytes;

    /** A module in the tree, with what its own operations cost. */
    private static final class Place {
        private final String name;
        private final Module module;
        private final @Nullable Place parent;
        private final int depth;
        private long operations;
        private long bytes;

        Place(String name, Module module, @Nullable Place parent) {
            this.name = name;
            this.module = module;
            this.parent = parent;
            this.depth = parent == null ? 0 : parent.depth + 1;
        }

        void add(long moreOperations, long moreBytes) {
            operations += moreOperations;
            bytes += moreBytes;
        }

        boolean isIn(Place other) {
            Place place = this;
            while (place != null && place.depth > other.depth) {
                place = place.parent;
            }
            return place == other;
        }

        /** The innermost module that both are in. */
        Place common(Place other) {
            Place place = this;
            while (place.parent != null && !other.isIn(place)) {
                place = place.parent;
            }
            return place;
        }
    }

    SummaryTracer(Module module) {
        before = visit("", module, null);
    }

    private Place visit(String name, Module module, @Nullable Place parent) {
        Place place = new Place(name, module, parent);
        places.add(place);
        for (Parameter each : module.ownParameters()) {
            owners.putIfAbsent(each.tensor(), place);
        }
        for (Buffer each : module.ownBuffers()) {
            owners.putIfAbsent(each.tensor(), place);
        }
        String prefix = name.isEmpty() ? "" : name + ".";
        module.children().forEach((own, child) -> visit(prefix + own, child, place));
        return place;
    }

    /** Runs a program under a trace, and counts. */
    Tensor[] watch(Supplier<Tensor[]> program) {
        Tensor[] results = Inspector.call(this::inspect, program);
        settle(places.getFirst());
        return results;
    }

    private void inspect(Op op, Tensor[] operands, Tensor[] results) {
        Place owner = null;
        boolean onlyState = operands.length > 0;
        for (Tensor operand : operands) {
            Place of = owners.get(operand);
            owner = of == null ? owner : of;
            onlyState &= of != null;
        }
        long operations = OperationCount.of(op, types(operands), types(results));
        long bytes = 0;
        for (Tensor result : results) {
            bytes += OperationCount.isWithoutMemory(op) ? 0 : byteSize(result.type());
        }
        if (owner == null) {
            waitingOperations += operations;
            waitingBytes += bytes;
            return;
        }
        settle(owner);
        owner.add(operations, bytes);
        if (onlyState) {
            // A part of a weight, or a sum of two: what reads it reads the weight.
            for (Tensor result : results) {
                owners.put(result, owner);
            }
        }
    }

    /** What read no parameters goes to the module that has those before and behind. */
    private void settle(Place next) {
        before.common(next).add(waitingOperations, waitingBytes);
        waitingOperations = 0;
        waitingBytes = 0;
        before = next;
    }

    private static TensorType[] types(Tensor[] tensors) {
        TensorType[] types = new TensorType[tensors.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = tensors[i].type();
        }
        return types;
    }

    private static long byteSize(TensorType type) {
        return type.shape().elementCount() * type.dtype().byteSize();
    }

    ModuleSummary summary() {
        List<ModuleSummary.Row> rows = new ArrayList<>();
        for (Place place : places) {
            long operations = 0;
            long bytes = 0;
            for (Place each : places) {
                operations += each.isIn(place) ? each.operations : 0;
                bytes += each.isIn(place) ? each.bytes : 0;
            }
            long state = 0;
            for (Parameter each : place.module.namedParameters().values()) {
                state += byteSize(each.type());
            }
            for (Buffer each : place.module.namedBuffers().values()) {
                state += byteSize(each.type());
            }
            String kind = place.module.describeKind();
            long learned = place.module.parameterCount();
            rows.add(new ModuleSummary.Row(place.name, kind, learned, state, operations, bytes));
        }
        return new ModuleSummary(rows);
    }
}
