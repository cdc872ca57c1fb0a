package dev.ugoki.tck.reference;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.Stored;
import dev.ugoki.tensor.spi.Support;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** Offers the reference backend with a defect that a test chooses, as device {@code broken}. */
public final class BrokenProvider implements BackendProvider {
    /** What is wrong. */
    public enum Defect {
        NONE,
        TAKES_EVERYTHING_FOR_CONTIGUOUS,
        FORGETS_OFFSETS,
        IS_A_LITTLE_OFF,
        LOSES_THE_LAST_ELEMENT,
        CHANGES_ITS_OPERANDS,
        DIFFERS_FROM_RUN_TO_RUN,
        THROWS,
        REFUSES,
        REFUSES_THE_OPTIONAL_TIER
    }

    private static final AtomicLong RUNS = new AtomicLong();

    /** The defect from now on. */
    public static volatile Defect defect = Defect.NONE;

    @Override
    public String kind() {
        return "broken";
    }

    @Override
    public int priority() {
        return -1;
    }

    @Override
    public Optional<String> unusableBecause() {
        return Optional.empty();
    }

    @Override
    public int deviceCount() {
        return 1;
    }

    @Override
    public Backend open(int index) {
        return new Broken(new ReferenceBackend(new Device(kind(), index)));
    }

    private record Broken(Backend right) implements Backend {
        @Override
        public void execute(Op op, Stored[] operands, Stored[] results) {
            Stored[] seen = operands.clone();
            for (int i = 0; i < seen.length; i++) {
                seen[i] = misread(operands[i]);
            }
            if (defect == Defect.THROWS) {
                throw new IllegalArgumentException("no");
            }
            right.execute(op, seen, results);
            switch (defect) {
                case IS_A_LITTLE_OFF -> change(results[0], 0, 1 + 2e-6);
                case DIFFERS_FROM_RUN_TO_RUN ->
                        change(results[0], 0, 1 + 2e-6 * ((RUNS.incrementAndGet() % 2)));
                case LOSES_THE_LAST_ELEMENT -> change(results[0], results[0].elementCount() - 1, 0);
                case CHANGES_ITS_OPERANDS -> {
                    if (operands.length > 0) {
                        change(operands[0], 0, 3);
                    }
                }
                case NONE,
                        TAKES_EVERYTHING_FOR_CONTIGUOUS,
                        FORGETS_OFFSETS,
                        THROWS,
                        REFUSES,
                        REFUSES_THE_OPTIONAL_TIER -> {}
            }
        }

        private static Stored misread(Stored operand) {
            return switch (defect) {
                case TAKES_EVERYTHING_FOR_CONTIGUOUS ->
                        new Stored(
                                operand.storage(),
                                operand.type(),
                                0,
                                operand.shape().toRowMajorStrides());
                case FORGETS_OFFSETS -> {
                    boolean backwards =
                            Arrays.stream(operand.toStrides()).anyMatch(stride -> stride < 0);
                    long offset = backwards ? operand.offset() : 0;
                    yield new Stored(
                            operand.storage(), operand.type(), offset, operand.toStrides());
                }
                default -> operand;
            };
        }

        private static void change(Stored stored, long number, double factor) {
            if (stored.dtype().isFloating() && stored.elementCount() > 0) {
                Elements elements = new Elements(stored);
                long position = elements.position(number);
                elements.setDouble(position, elements.getDouble(position) * factor);
            }
        }

        @Override
        public Support supports(Op op, TensorType... operands) {
            boolean refused =
                    switch (defect) {
                        case REFUSES -> op instanceof Prim.Unary;
                        case REFUSES_THE_OPTIONAL_TIER ->
                                op instanceof Prim prim && prim.isOptional();
                        default -> false;
                    };
            return refused ? new Support.Unsupported("it will not") : right.supports(op, operands);
        }

        @Override
        public Device device() {
            return right.device();
        }

        @Override
        public MemoryPool memory() {
            return right.memory();
        }

        @Override
        public void upload(MemorySegment source, Stored destination) {
            right.upload(source, destination);
        }

        @Override
        public void download(Stored source, MemorySegment destination) {
            right.download(source, destination);
        }

        @Override
        public void synchronize() {
            right.synchronize();
        }

        @Override
        public List<String> describe() {
            return new ArrayList<>(right.describe());
        }
    }
}
