package dev.ugoki.tensor.kernel;

/**
 * How an operand of a loop nest over rows and columns varies. The distance between its rows is
 * given when the kernel runs; neighbouring columns always touch.
 */
public enum Layout {
    /** One element for each row and column. */
    FULL(true, true),
    /** One element for each column, the same in every row: a bias, a normalization's weight. */
    PER_COLUMN(false, true),
    /** One element for each row: a mean, a row's maximum. */
    PER_ROW(true, false),
    /** One element. */
    SCALAR(false, false);

    private final boolean variesByRow;
    private final boolean variesByColumn;

    Layout(boolean variesByRow, boolean variesByColumn) {
        this.variesByRow = variesByRow;
        this.variesByColumn = variesByColumn;
    }

    /** Whether another row may hold another value. */
    public boolean variesByRow() {
        return variesByRow;
    }

    /** Whether another column may hold another value. */
    public boolean variesByColumn() {
        return variesByColumn;
    }
}
