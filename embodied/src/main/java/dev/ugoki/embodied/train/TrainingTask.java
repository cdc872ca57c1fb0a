package dev.ugoki.embodied.train;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedMap;

/** What is trained, on what, for what: all that {@link Trainer} does not know itself. */
public interface TrainingTask {
    /** The network, whose parameters are trained. */
    Module network();

    /** The parameters that are trained, by name: all of the network, where nothing else is said. */
    default SequencedMap<String, Parameter> trainable() {
        return network().namedParameters();
    }

    /** How many numbers are trained. */
    default long trainableCount() {
        return trainable().values().stream()
                .mapToLong(each -> each.type().shape().elementCount())
                .sum();
    }

    /** How many samples there are. */
    int sampleCount();

    /**
     * Tells these samples from others: training is resumed only where this is the same.
     *
     * @return a checksum of all that the losses depend on beside the network
     */
    String fingerprint();

    /**
     * The mean loss over some samples, a scalar. It is called inside a scope that releases what is
     * made on the way.
     *
     * @param samples their numbers; a sample may come twice
     * @param key for random draws; another one in each step
     */
    Tensor loss(int[] samples, Key key);

    /**
     * Some samples as tensors, so that their {@link #loss(Tensor[], Key)} can be planned; null
     * where the task has no such form, and every step runs eagerly.
     */
    default Tensor @Nullable [] batch(int[] samples) {
        return null;
    }

    /**
     * What {@link #loss(int[], Key)} gives for the samples that {@link #batch} gave, computed of
     * these tensors, the key and the network alone.
     */
    default Tensor loss(Tensor[] batch, Key key) {
        throw new UnsupportedOperationException(
                getClass().getSimpleName() + ": has no loss of a batch of tensors");
    }

    /**
     * Writes what using the network later takes, weights included, into an empty folder.
     *
     * @param weights of the network by name: the moving averages, not the last values
     */
    void savePretrained(Path folder, Map<String, HostArray> weights) throws IOException;
}
