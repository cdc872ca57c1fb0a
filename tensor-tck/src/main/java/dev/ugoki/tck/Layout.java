package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How an operand lies in memory. The memory is filled on the host, so that a wrong copy kernel of
 * the backend under test cannot hide a wrong reader, and what lies beside the elements is NaN.
 */
public enum Layout {
    /** Row-major, without gaps. */
    CONTIGUOUS {
        @Override
        boolean fits(Shape shape) {
            return true;
        }

        @Override
        Tensor inMemory(Tensor values) {
            return values;
        }

        @Override
        Tensor view(Tensor memory, Shape shape) {
            return memory;
        }
    },

    /** Row-major, but beginning at an odd place, which no vector is aligned to. */
    OFFSET {
        @Override
        boolean fits(Shape shape) {
            return shape.rank() >= 1 && shape.elementCount() > 0;
        }

        @Override
        Tensor inMemory(Tensor values) {
            return pad(values.reshape(-1), new Prim.Edges(1, 1, 0));
        }

        @Override
        Tensor view(Tensor memory, Shape shape) {
            return memory.slice(0, 1, -1).reshape(shape);
        }
    },

    /** Dimensions in reverse order in memory. */
    PERMUTED {
        @Override
        boolean fits(Shape shape) {
            return shape.rank() >= 2;
        }

        @Override
        Tensor inMemory(Tensor values) {
            return values.permute(reversed(values.rank())).contiguous();
        }

        @Override
        Tensor view(Tensor memory, Shape shape) {
            return memory.permute(reversed(shape.rank()));
        }
    },

    /** Every second element of a larger tensor, in every dimension. */
    SLICED {
        @Override
        boolean fits(Shape shape) {
            return shape.rank() >= 1 && shape.elementCount() > 0;
        }

        @Override
        Tensor inMemory(Tensor values) {
            return pad(values, new Prim.Edges(1, 1, 1));
        }

        @Override
        Tensor view(Tensor memory, Shape shape) {
            Tensor view = memory;
            for (int dim = 0; dim < shape.rank(); dim++) {
                view = view.slice(dim, 1, Long.MAX_VALUE, 2);
            }
            return view;
        }
    },

    /** Backwards in every dimension. */
    FLIPPED {
        @Override
        boolean fits(Shape shape) {
            return shape.rank() >= 1;
        }

        @Override
        Tensor inMemory(Tensor values) {
            return values.flip(Axes.all(values.rank()).toArray()).contiguous();
        }

        @Override
        Tensor view(Tensor memory, Shape shape) {
            return memory.flip(Axes.all(shape.rank()).toArray());
        }
    },

    /** One element of the first dimension repeated. */
    EXPANDED_FIRST {
        @Override
        boolean fits(Shape shape) {
            return shape.rank() >= 1 && shape.extent(0) > 1;
        }

        @Override
        Tensor inMemory(Tensor values) {
            return values.slice(0, 0, 1).contiguous();
        }

        @Override
        Tensor view(Tensor memory, Shape shape) {
            return memory.expand(shape);
        }
    },

    /** One element of the last dimension repeated. */
    EXPANDED_LAST {
        @Override
        boolean fits(Shape shape) {
            return shape.rank() >= 2 && shape.extent(-1) > 1;
        }

        @Override
        Tensor inMemory(Tensor values) {
            return values.slice(-1, 0, 1).contiguous();
        }

        @Override
        Tensor view(Tensor memory, Shape shape) {
            return memory.expand(shape);
        }
    };

    /** Whether it leaves out some values and repeats others. */
    boolean repeats() {
        return this == EXPANDED_FIRST || this == EXPANDED_LAST;
    }

    /** Whether a tensor of {@code shape} can lie so, in a way of its own. */
    public boolean canHold(Shape shape) {
        return fits(shape);
    }

    abstract boolean fits(Shape shape);

    /** What memory holds, as a contiguous tensor. */
    abstract Tensor inMemory(Tensor values);

    /** The view of such memory. */
    abstract Tensor view(Tensor memory, Shape shape);

    /**
     * A tensor on {@code device} that lies so.
     *
     * @param values on the reference device; an expanded layout repeats some and leaves the others
     *     out
     */
    public Tensor place(Tensor values, Device device) {
        Tensor memory = inMemory(values);
        return device.call(() -> view(Tensor.of(memory.type(), memory.toMemory()), values.shape()));
    }

    /** The values that {@link #place} gives, contiguous, on the reference device. */
    public Tensor values(Tensor values) {
        return view(inMemory(values), values.shape()).contiguous();
    }

    private static int[] reversed(int rank) {
        int[] dims = new int[rank];
        for (int dim = 0; dim < rank; dim++) {
            dims[dim] = rank - 1 - dim;
        }
        return dims;
    }

    private static Tensor pad(Tensor values, Prim.Edges edges) {
        List<Prim.Edges> all = new ArrayList<>(Collections.nCopies(values.rank(), edges));
        return Engine.one(new Prim.Pad(all, beside(values.dtype())), values);
    }

    private static Number beside(DType dtype) {
        return dtype.isFloating() ? Double.NaN : dtype == DType.BOOL ? 1L : 85L;
    }
}
