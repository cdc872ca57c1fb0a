package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.spi.RowReduction;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;

/**
 * One thing that a plan does when it runs. Operands and results are views of storages, most of
 * which are placeholders for memory that is planned later; each placeholder is written by one step,
 * but for what a loop carries.
 */
sealed interface Step {
    /** An operation that the backend has a kernel for. */
    record Operation(Op op, List<Stored> operands, List<Stored> results) implements Step {
        @Override
        public String toString() {
            return op.name();
        }
    }

    /**
     * A kernel joined of several operations on elements.
     *
     * @param names of the operations, for people
     */
    record Joined(Kernel kernel, List<String> names, List<Stored> operands, List<Stored> results)
            implements Step {
        @Override
        public String toString() {
            return String.join("+", names);
        }
    }

    /**
     * A kernel joined of several operations on elements, and a reduction over the last elements of
     * one of its outputs, part by part while that is in the cache.
     *
     * @param tail the reduction
     * @param names of the operations, for people
     * @param results those of the kernel that are stored, then that of the reduction
     */
    record Reduced(
            Kernel kernel,
            RowReduction tail,
            List<String> names,
            List<Stored> operands,
            List<Stored> results)
            implements Step {
        @Override
        public String toString() {
            return String.join("+", names);
        }
    }

    /**
     * A product, and a kernel joined of several operations on its elements, region by region while
     * these are in the cache.
     *
     * @param op the product
     * @param factors how many of the operands are the product's; those of the kernel follow, in
     *     {@code [rows, columns]}, but for the product itself
     * @param input which of the kernel's inputs is the product
     * @param place which of the results the product may stand in
     * @param names of the operations on elements, for people
     */
    record Ended(
            Op op,
            int factors,
            Kernel kernel,
            int input,
            int place,
            List<String> names,
            List<Stored> operands,
            List<Stored> results)
            implements Step {
        @Override
        public String toString() {
            return op.name() + "+" + String.join("+", names);
        }
    }

    /**
     * The steps from here to the {@link LoopEnd} that belongs to it run {@code count} times.
     *
     * @param numbers I64[count], holding 0, 1, ..
     * @param number the placeholder that stands for the element of {@code numbers} whose turn it is
     */
    record LoopBegin(long count, Stored numbers, Stored number) implements Step {
        @Override
        public List<Stored> operands() {
            return List.of(numbers);
        }

        @Override
        public List<Stored> results() {
            return List.of();
        }
    }

    /** Where a loop goes back to its beginning. */
    record LoopEnd() implements Step {
        @Override
        public List<Stored> operands() {
            return List.of();
        }

        @Override
        public List<Stored> results() {
            return List.of();
        }
    }

    List<Stored> operands();

    List<Stored> results();
}
