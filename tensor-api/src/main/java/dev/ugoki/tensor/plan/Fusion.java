package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Instruction;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelJoin;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.RowReduction;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;

/**
 * Joins operations on elements into kernels: chains, and trees of them with all that they share,
 * broadcast operands included. What passes from one to the next stays in registers; what others
 * need is stored as a further result. A reduction of rows may be the tail of a kernel.
 *
 * <p>The instructions of a joined kernel are those of the kernels that run eagerly, one after the
 * other: every one is exactly specified, so the bits are the same.
 */
final class Fusion {
    /** More instructions in one kernel take the JIT long, and gain little. */
    private static final int MOST_INSTRUCTIONS = 96;

    private static final int MOST_OPERANDS = 14;

    private final Steps program;
    private final Set<Storage> kept;

    private Fusion(Steps program) {
        this.program = program;
        this.kept = program.kept();
    }

    static Steps apply(Steps program) {
        Fusion fusion = new Fusion(program);
        List<Step> all = new ArrayList<>();
        List<Step> segment = new ArrayList<>();
        Map<Storage, Integer> segments = fusion.segmentsOfUses();
        int number = 0;
        for (Step step : program.steps()) {
            if (step instanceof Step.LoopBegin || step instanceof Step.LoopEnd) {
                all.addAll(fusion.joined(segment, number++, segments));
                all.add(step);
                segment.clear();
            } else {
                segment.add(step);
            }
        }
        all.addAll(fusion.joined(segment, number, segments));
        return program.withSteps(program.constants(), List.copyOf(all));
    }

    /** For each storage the last segment, between begins and ends of loops, that reads it. */
    private Map<Storage, Integer> segmentsOfUses() {
        Map<Storage, Integer> segments = new IdentityHashMap<>();
        int number = 0;
        for (Step step : program.steps()) {
            if (step instanceof Step.LoopBegin || step instanceof Step.LoopEnd) {
                number++;
            }
            for (Stored operand : step.operands()) {
                segments.merge(operand.storage(), number, Math::max);
            }
        }
        return segments;
    }

    /** Steps that become one. */
    private static final class Group {
        final List<Integer> members = new ArrayList<>();

        /** The reduction at the end, which is no member; -1 for none. */
        int tail = -1;

        boolean pointwise;
        long count;
        int instructions;
        final TreeSet<Long> boundaries = new TreeSet<>();
        final Set<Integer> before = new java.util.HashSet<>(); // groups that this one needs
        final Set<Integer> after = new java.util.HashSet<>();
    }

    /** The steps of one segment, joined where they can be. */
    private List<Step> joined(List<Step> steps, int segment, Map<Storage, Integer> lastUses) {
        return new Segment(List.copyOf(steps), segment, lastUses).run();
    }

    private final class Segment {
        private final List<Step> steps;
        private final int number;
        private final Map<Storage, Integer> lastUses;
        private final @Nullable Kernel[] kernels;
        private final Group[] groups;
        private final int[] groupOf;
        private final Map<Storage, Integer> producers = new IdentityHashMap<>();

        Segment(List<Step> steps, int number, Map<Storage, Integer> lastUses) {
            this.steps = steps;
            this.number = number;
            this.lastUses = lastUses;
            this.kernels = new @Nullable Kernel[steps.size()];
            this.groups = new Group[steps.size()];
            this.groupOf = new int[steps.size()];
        }

        List<Step> run() {
            for (int i = 0; i < steps.size(); i++) {
                groups[i] = group(i);
                groupOf[i] = i;
            }
            order();
            for (int i = 0; i < steps.size(); i++) {
                if (kernels[i] != null) {
                    for (Stored operand : steps.get(i).operands()) {
                        Integer producer = producers.get(operand.storage());
                        if (producer != null
                                && producer < i
                                && groups[groupOf[producer]].pointwise) {
                            join(groupOf[producer], groupOf[i]);
                        }
                    }
                }
            }
            for (int i = 0; i < steps.size(); i++) {
                if (steps.get(i) instanceof Step.Operation each
                        && each.op() instanceof Prim.Reduce reduce) {
                    addTail(i, reduce);
                }
            }
            return ordered();
        }

        /** Makes a reduction the tail of the group that computes its operand, if it can be. */
        private void addTail(int at, Prim.Reduce reduce) {
            Stored operand = steps.get(at).operands().getFirst();
            Integer producer = producers.get(operand.storage());
            if (producer == null || producer >= at || !isWhole(operand, producer)) {
                return;
            }
            int from = groupOf[producer];
            Group group = groups[from];
            if (!group.pointwise) {
                return;
            }
            long length =
                    operand.elementCount() / steps.get(at).results().getFirst().elementCount();
            TreeSet<Long> boundaries = new TreeSet<>(group.boundaries);
            boundaries.add(length);
            if (Dims.fit(boundaries)
                    && isOfLastDims(reduce, operand)
                    && program.backend().reducesWithin(reduce, operand.type())
                    && readsSomething(group)
                    && !detours(from, at)) {
                merge(from, at, boundaries);
                Group reduced = groups[at];
                reduced.members.remove(Integer.valueOf(at));
                reduced.tail = at;
            }
        }

        private boolean isOfLastDims(Prim.Reduce reduce, Stored operand) {
            int rank = operand.shape().rank();
            for (int dim = 0; dim < rank; dim++) {
                if (reduce.axes().contains(dim) != (dim >= rank - reduce.axes().count())) {
                    return false;
                }
            }
            return true;
        }

        /** Whether any member reads what no other makes. */
        private boolean readsSomething(Group group) {
            Set<Storage> made = Steps.storages();
            Set<Storage> read = Steps.storages();
            for (int member : group.members) {
                made.addAll(Steps.storagesOf(steps.get(member).results()));
                read.addAll(Steps.storagesOf(steps.get(member).operands()));
            }
            return !made.containsAll(read);
        }

        private Group group(int i) {
            Group group = new Group();
            group.members.add(i);
            Step step = steps.get(i);
            Kernel kernel = step instanceof Step.Operation op ? pointwise(op) : null;
            kernels[i] = kernel;
            if (kernel != null) {
                group.pointwise = true;
                group.count = step.results().getFirst().elementCount();
                group.instructions = kernel.instructions().size();
                for (Stored operand : step.operands()) {
                    group.boundaries.addAll(Dims.boundaries(operand));
                }
                group.boundaries.add(1L);
                group.boundaries.add(group.count);
            }
            return group;
        }

        /** What must come before what: readers after writers, and writers after readers. */
        private void order() {
            Map<Storage, Integer> writers = new IdentityHashMap<>();
            Map<Storage, List<Integer>> readers = new IdentityHashMap<>();
            for (int i = 0; i < steps.size(); i++) {
                for (Stored operand : steps.get(i).operands()) {
                    Integer writer = writers.get(operand.storage());
                    if (writer != null) {
                        follows(writer, i);
                    }
                    readers.computeIfAbsent(operand.storage(), _ -> new ArrayList<>()).add(i);
                }
                for (Stored result : steps.get(i).results()) {
                    Integer writer = writers.put(result.storage(), i);
                    if (writer != null) {
                        follows(writer, i);
                    }
                    for (int reader : readers.getOrDefault(result.storage(), List.of())) {
                        follows(reader, i);
                    }
                    boolean again = writer != null || readers.containsKey(result.storage());
                    producers.put(result.storage(), again ? Integer.MAX_VALUE : i);
                }
            }
        }

        private void follows(int first, int second) {
            if (first != second) {
                groups[first].after.add(second);
                groups[second].before.add(first);
            }
        }

        /** Joins the groups of a producer and of a reader of one of its values, if they fit. */
        private void join(int from, int to) {
            if (from == to) {
                return;
            }
            Group first = groups[from];
            Group second = groups[to];
            if (!first.pointwise || first.count != second.count || !readsWhole(second, first)) {
                return;
            }
            TreeSet<Long> boundaries = new TreeSet<>(first.boundaries);
            boundaries.addAll(second.boundaries);
            if (first.instructions + second.instructions > MOST_INSTRUCTIONS
                    || !Dims.fit(boundaries)
                    || detours(from, to)
                    || operandsOfBoth(first, second) > MOST_OPERANDS) {
                return;
            }
            merge(from, to, boundaries);
        }

        /** Whether all that one group reads of another's results are these as they lie. */
        private boolean readsWhole(Group reader, Group writer) {
            for (int member : reader.members) {
                for (Stored operand : steps.get(member).operands()) {
                    Integer producer = producers.get(operand.storage());
                    if (producer != null
                            && (producer == Integer.MAX_VALUE || writer.members.contains(producer))
                            && !isWhole(operand, producer)) {
                        return false;
                    }
                }
            }
            return true;
        }

        private boolean isWhole(Stored operand, int producer) {
            return producer != Integer.MAX_VALUE
                    && operand.isContiguous()
                    && operand.offset() == 0
                    && operand.elementCount()
                            == steps.get(producer).results().getFirst().elementCount();
        }

        /** Whether something else stands between two groups, that needs one and the other needs. */
        private boolean detours(int from, int to) {
            BitSet seen = new BitSet();
            List<Integer> open = new ArrayList<>();
            int last = groups[to].members.getLast();
            for (int next : groups[from].after) {
                if (next != to && groups[next].members.getFirst() < last) {
                    open.add(next);
                    seen.set(next);
                }
            }
            while (!open.isEmpty()) {
                int each = open.removeLast();
                for (int next : groups[each].after) {
                    if (next == to) {
                        return true;
                    }
                    // What begins behind all of the other group leads nowhere near it.
                    if (!seen.get(next) && groups[next].members.getFirst() < last) {
                        seen.set(next);
                        open.add(next);
                    }
                }
            }
            return false;
        }

        private int operandsOfBoth(Group first, Group second) {
            Set<Storage> made = Steps.storages();
            Set<Storage> read = Steps.storages();
            List<Integer> members = new ArrayList<>(first.members);
            members.addAll(second.members);
            for (int member : members) {
                made.addAll(Steps.storagesOf(steps.get(member).results()));
            }
            int stored = 0;
            for (int member : members) {
                read.addAll(Steps.storagesOf(steps.get(member).operands()));
                stored += isNeededOutside(member, members) ? 1 : 0;
            }
            read.removeAll(made);
            return read.size() + stored;
        }

        private void merge(int from, int to, TreeSet<Long> boundaries) {
            Group first = groups[from];
            Group second = groups[to];
            second.members.addAll(0, first.members);
            second.members.sort(null);
            second.instructions += first.instructions;
            second.boundaries.addAll(boundaries);
            for (int member : first.members) {
                groupOf[member] = to;
            }
            for (int each : first.before) {
                groups[each].after.remove(from);
                if (each != to) {
                    groups[each].after.add(to);
                    second.before.add(each);
                }
            }
            for (int each : first.after) {
                groups[each].before.remove(from);
                if (each != to) {
                    groups[each].before.add(to);
                    second.after.add(each);
                }
            }
            second.before.remove(from);
            first.members.clear();
        }

        private boolean isNeededOutside(int member, List<Integer> members) {
            Storage result = steps.get(member).results().getFirst().storage();
            if (kept.contains(result) || lastUses.getOrDefault(result, number) > number) {
                return true;
            }
            for (int reader : groupsReaders(result)) {
                if (!members.contains(reader)) {
                    return true;
                }
            }
            return false;
        }

        private final Map<Storage, List<Integer>> readersOf = new IdentityHashMap<>();

        private List<Integer> groupsReaders(Storage storage) {
            if (readersOf.isEmpty()) {
                for (int i = 0; i < steps.size(); i++) {
                    for (Stored operand : steps.get(i).operands()) {
                        readersOf.computeIfAbsent(operand.storage(), _ -> new ArrayList<>()).add(i);
                    }
                }
            }
            return readersOf.getOrDefault(storage, List.of());
        }

        /** The groups, each after those that it needs, otherwise as the steps stood. */
        private List<Step> ordered() {
            int[] waiting = new int[groups.length];
            PriorityQueue<Integer> ready = new PriorityQueue<>();
            for (int i = 0; i < groups.length; i++) {
                waiting[i] = groups[i].before.size();
                if (waiting[i] == 0 && !groups[i].members.isEmpty()) {
                    ready.add(i);
                }
            }
            List<Step> result = new ArrayList<>();
            while (!ready.isEmpty()) {
                int next = ready.remove();
                result.addAll(written(groups[next]));
                for (int each : groups[next].after) {
                    if (--waiting[each] == 0) {
                        ready.add(each);
                    }
                }
            }
            return result;
        }

        private List<Step> written(Group group) {
            Step only = steps.get(group.members.getFirst());
            boolean fill = only instanceof Step.Operation op && op.op() instanceof Prim.Fill;
            if (group.tail < 0 && (!group.pointwise || group.members.size() == 1 && fill)) {
                return List.of(only);
            }
            Joining joining = new Joining(group);
            group.members.forEach(joining::add);
            return joining.finish();
        }

        /** Writes the kernel of one group. */
        private final class Joining {
            private final Group group;
            private final KernelJoin join = new KernelJoin();
            private final Map<View, Integer> operands = new LinkedHashMap<>();
            private final Map<Storage, Integer> values = new IdentityHashMap<>();
            private final List<Stored> views = new ArrayList<>();
            private final List<Stored> results = new ArrayList<>();
            private final List<String> names = new ArrayList<>();

            private record View(Storage storage, long offset, Shape shape, List<Long> strides) {
                static View of(Stored stored) {
                    List<Long> strides = new ArrayList<>();
                    for (long stride : stored.toStrides()) {
                        strides.add(stride);
                    }
                    return new View(stored.storage(), stored.offset(), stored.shape(), strides);
                }
            }

            /** Members and tail. */
            private final List<Integer> inside;

            Joining(Group group) {
                this.group = group;
                inside = new ArrayList<>(group.members);
                if (group.tail >= 0) {
                    inside.add(group.tail);
                }
            }

            void add(int member) {
                Step.Operation step = (Step.Operation) steps.get(member);
                Kernel kernel = kernels[member];
                if (kernel == null) {
                    throw new AssertionError("a member without a kernel");
                }
                List<Integer> in = new ArrayList<>();
                for (int i = 0; i < step.operands().size(); i++) {
                    in.add(value(step.operands().get(i), kernel, i));
                }
                int value = join.append(kernel, in).getFirst();
                Stored result = step.results().getFirst();
                values.put(result.storage(), value);
                names.add(step.op().name());
                if (isNeededOutside(member, inside)) {
                    join.output(value);
                    results.add(result);
                }
            }

            private int value(Stored operand, Kernel kernel, int number) {
                Integer made = values.get(operand.storage());
                if (made != null) {
                    return made;
                }
                return operands.computeIfAbsent(
                        View.of(operand),
                        _ -> {
                            views.add(operand);
                            return join.input(kernel.operands().get(number).type());
                        });
            }

            List<Step> finish() {
                List<Step> all = new ArrayList<>();
                long[] extents = Dims.extents(group.boundaries);
                Shape shape = Shape.of(extents);
                List<Stored> in = new ArrayList<>();
                for (Stored view : views) {
                    long[] strides = Dims.strides(view, extents);
                    if (strides == null) {
                        throw new AssertionError(view.type() + " does not divide into " + shape);
                    }
                    in.add(
                            new Stored(
                                    view.storage(),
                                    view.type().withShape(shape),
                                    view.offset(),
                                    strides));
                }
                List<Stored> out = new ArrayList<>();
                for (Stored result : results) {
                    out.add(new Stored(result.storage(), result.type().withShape(shape)));
                }
                List<Stored> walked = NestRules.walkable(program.backend(), shape, in, all);
                all.add(group.tail < 0 ? joined(walked, out) : reduced(walked, out));
                return all;
            }

            private Step joined(List<Stored> in, List<Stored> out) {
                return new Step.Joined(join.build(), List.copyOf(names), in, out);
            }

            /** The reduced value is an output too: one that is stored, or the last. */
            private Step reduced(List<Stored> in, List<Stored> out) {
                Step.Operation tail = (Step.Operation) steps.get(group.tail);
                Stored reduced = tail.operands().getFirst();
                int output = 0;
                while (output < results.size()
                        && results.get(output).storage() != reduced.storage()) {
                    output++;
                }
                if (output == results.size()) {
                    join.output(Objects.requireNonNull(values.get(reduced.storage())));
                }
                out.add(tail.results().getFirst());
                names.add(tail.op().name());
                long length = reduced.elementCount() / tail.results().getFirst().elementCount();
                RowReduction reduction =
                        new RowReduction(((Prim.Reduce) tail.op()).kind(), length, output);
                return new Step.Reduced(join.build(), reduction, List.copyOf(names), in, out);
            }
        }
    }

    /** The kernel of an operation on elements, or null. */
    private @Nullable Kernel pointwise(Step.Operation step) {
        if (step.results().size() != 1 || step.results().getFirst().elementCount() == 0) {
            return null;
        }
        TensorType[] types = step.operands().stream().map(Stored::type).toArray(TensorType[]::new);
        Kernel kernel = program.backend().pointwise(step.op(), types);
        if (kernel == null) {
            return null;
        }
        boolean whole = kernel.isFlat() && kernel.outputs().size() == 1;
        if (!whole
                || kernel.instructions().stream().anyMatch(Instruction.Reduce.class::isInstance)) {
            throw new IllegalStateException(
                    step.op() + ": the backend's pointwise kernel is none\n" + kernel);
        }
        return kernel;
    }
}
