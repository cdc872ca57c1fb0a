package dev.ugoki.tensor;

import dev.ugoki.tensor.spi.Backends;

import java.util.concurrent.Callable;

/**
 * Where tensors live and operations run: a kind of backend ({@code cpu}, {@code cuda}, {@code
 * reference}) and the number of the device among its kind.
 *
 * <p>New tensors go to {@link #current()}: the device of the innermost {@link #call}, or else the
 * default, which the system property {@code ugoki.device} names (such as {@code cuda:1}) and which
 * otherwise is the usable backend of the highest priority. Asking for a device that is not there
 * throws; nothing falls back.
 */
public record Device(String kind, int index) {
    private static final ScopedValue<Device> CURRENT = ScopedValue.newInstance();

    public Device {
        if (kind.isEmpty() || index < 0) {
            throw new IllegalArgumentException(
                    "device: kind '" + kind + "' and index " + index + " name no device");
        }
    }

    /** The CPU of this machine. */
    public static Device cpu() {
        return new Device("cpu", 0);
    }

    /**
     * An NVIDIA GPU.
     *
     * @throws IllegalStateException if it is not there, with what was searched for, where, and the
     *     fix
     */
    public static Device cuda(int index) {
        Device device = new Device("cuda", index);
        Backends.forDevice(device);
        return device;
    }

    /**
     * Reads {@code kind} or {@code kind:index}.
     *
     * @throws IllegalArgumentException if the text is neither
     */
    public static Device parse(String text) {
        int colon = text.indexOf(':');
        try {
            return colon < 0
                    ? new Device(text, 0)
                    : new Device(
                            text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "device: '" + text + "' is neither a kind such as cpu nor kind:index", e);
        }
    }

    /** The device that new tensors go to in this thread. */
    public static Device current() {
        return CURRENT.isBound() ? CURRENT.get() : Backends.defaultDevice();
    }

    /** Runs {@code action} with this as the current device, and returns its result. */
    public <T> T call(Callable<T> action) {
        Backends.forDevice(this);
        return ScopedValue.where(CURRENT, this)
                .call(
                        () -> {
                            try {
                                return action.call();
                            } catch (RuntimeException e) {
                                throw e;
                            } catch (Exception e) {
                                throw new IllegalStateException("an action on " + this, e);
                            }
                        });
    }

    /** Runs {@code action} with this as the current device. */
    public void run(Runnable action) {
        Backends.forDevice(this);
        ScopedValue.where(CURRENT, this).run(action);
    }

    @Override
    public String toString() {
        return index == 0 ? kind : kind + ":" + index;
    }
}
