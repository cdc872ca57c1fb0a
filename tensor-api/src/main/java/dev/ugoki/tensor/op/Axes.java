package dev.ugoki.tensor.op;

import java.util.Arrays;

/** A list of dimensions, counted from 0. Immutable, equal by content. */
public final class Axes {
    private final int[] dims;

    private Axes(int[] dims) {
        this.dims = dims;
    }

    public static Axes of(int... dims) {
        return new Axes(dims.clone());
    }

    /** The dimensions 0 to {@code rank - 1}. */
    public static Axes all(int rank) {
        int[] dims = new int[rank];
        Arrays.setAll(dims, i -> i);
        return new Axes(dims);
    }

    public int count() {
        return dims.length;
    }

    public int get(int index) {
        return dims[index];
    }

    public boolean contains(int dim) {
        for (int each : dims) {
            if (each == dim) {
                return true;
            }
        }
        return false;
    }

    public int[] toArray() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Axes that && Arrays.equals(dims, that.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
