package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import java.util.ArrayList;
import java.util.List;

/**
 * What a program is traced and planned for: the types of inputs, their strides where they are not
 * contiguous, and the device.
 */
record Signature(Device device, List<Input> inputs) {
    /** {@code strides} is empty for a contiguous input. */
    record Input(TensorType type, List<Long> strides) {}

    static Signature of(Tensor... inputs) {
        List<Input> all = new ArrayList<>(inputs.length);
        Device device = inputs.length == 0 ? Device.current() : inputs[0].device();
        for (int i = 0; i < inputs.length; i++) {
            Stored stored = stored(i, inputs[i]);
            if (!inputs[i].device().equals(device)) {
                throw new IllegalArgumentException(
                        "plan: input 0 is on "
                                + device
                                + ", input "
                                + i
                                + " on "
                                + inputs[i].device()
                                + "; copy one: x.to(device)");
            }
            List<Long> strides = new ArrayList<>();
            if (!stored.isContiguous()) {
                for (long stride : stored.toStrides()) {
                    strides.add(stride);
                }
            }
            all.add(new Input(stored.type(), List.copyOf(strides)));
        }
        return new Signature(device, List.copyOf(all));
    }

    static Signature of(Device device, TensorType... types) {
        List<Input> all = new ArrayList<>(types.length);
        for (TensorType type : types) {
            all.add(new Input(type, List.of()));
        }
        return new Signature(device, List.copyOf(all));
    }

    /** The memory of an input, which must be a constant with values. */
    static Stored stored(int number, Tensor input) {
        if (!(input.payload() instanceof Stored stored)) {
            throw new IllegalStateException(
                    "plan: input "
                            + number
                            + " ("
                            + input.type()
                            + ") is traced: call the function itself inside another program, not"
                            + " its plan");
        }
        if (input.lineage() != null) {
            throw new IllegalStateException(
                    "plan: input "
                            + number
                            + " ("
                            + input.type()
                            + ") is followed, and no gradient flows through a plan; detach() it, or"
                            + " compute the gradient inside the planned function");
        }
        return stored;
    }

    Backend backend() {
        return Backends.forDevice(device);
    }

    TensorType[] types() {
        return inputs.stream().map(Input::type).toArray(TensorType[]::new);
    }

    /** Placeholders with the inputs' layouts. */
    List<Stored> placeholders(Backend backend) {
        List<Stored> places = new ArrayList<>(inputs.size());
        for (Input input : inputs) {
            Storage storage = Storage.placeholder(backend);
            long[] strides = input.strides().stream().mapToLong(Long::longValue).toArray();
            places.add(
                    input.strides().isEmpty()
                            ? new Stored(storage, input.type())
                            : new Stored(storage, input.type(), 0, strides));
        }
        return places;
    }
}
