package dev.ugoki.tensor.kernel;

/**
 * A result of a kernel.
 *
 * <p>{@link Layout#FULL} stores the value of every element, {@link Layout#PER_ROW} the value of
 * every row. {@link Layout#PER_COLUMN} stores sums over rows: row {@code b} of such an output holds
 * the sum over the rows {@code b*ROWS_PER_BLOCK} up to {@code (b+1)*ROWS_PER_BLOCK} of the kernel,
 * added one after the other to +0. Summing those few rows once more, with the same kind of output,
 * gives the sum over all rows, with the same bits however the blocks were spread over threads.
 *
 * @param value the number of the instruction whose value is stored; F32 or I32, F32 for sums
 * @param layout where it goes
 */
public record Output(int value, Layout layout) {
    /** Rows that one block of a sum over rows covers. */
    public static final int ROWS_PER_BLOCK = 64;

    public Output {
        if (layout == Layout.SCALAR) {
            throw new IllegalArgumentException(
                    "output: a kernel over rows cannot store one scalar; use PER_ROW or"
                            + " PER_COLUMN and reduce again");
        }
    }
}
