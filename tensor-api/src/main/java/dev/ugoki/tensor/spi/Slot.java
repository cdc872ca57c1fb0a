package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;

/**
 * An operand or result of a step that is run again and again: its type, strides and contiguity
 * never change, but its memory may be another in the next run.
 */
public final class Slot {
    private Stored stored;
    private final boolean lasts;

    /** A slot that holds {@code stored} at first, which shows its layout. */
    public Slot(Stored stored) {
        this(stored, false);
    }

    /** The same; see {@link #lasts}. */
    public Slot(Stored stored, boolean lasts) {
        this.stored = stored;
        this.lasts = lasts;
    }

    /**
     * Whether it is the same memory in every run, and holds the same values for as long as the
     * {@linkplain Storage#version version} of that stays: a network's weight, where the plan does
     * not train it. What is made of such values may be kept from run to run.
     */
    public boolean lasts() {
        return lasts;
    }

    /** What it holds now. */
    public Stored stored() {
        return stored;
    }

    /** Puts a view of the same layout in its place. */
    public void set(Stored view) {
        stored = view;
    }

    /** The address of the first element, now. */
    public long address() {
        return stored.address();
    }

    public TensorType type() {
        return stored.type();
    }

    public DType dtype() {
        return stored.dtype();
    }

    public Shape shape() {
        return stored.shape();
    }

    public long elementCount() {
        return stored.elementCount();
    }

    public boolean isContiguous() {
        return stored.isContiguous();
    }
}
