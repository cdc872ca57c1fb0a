package dev.ugoki.nn.policy;

import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What a policy sees, normalized; the first dimension of each is the batch. A policy that looks at
 * several steps takes all of them, the present one last: {@code [n, steps, ..]} in place of {@code
 * [n, ..]}.
 *
 * @param state what the robot tells of itself {@code [n, s]}, or null
 * @param environment what is told of its surroundings {@code [n, e]}, or null
 * @param images of each camera {@code [n, 3, height, width]}
 * @param instruction what it is told to do, or null
 */
public record Observations(
        @Nullable Tensor state,
        @Nullable Tensor environment,
        List<Tensor> images,
        @Nullable Instruction instruction) {
    /**
     * A text in the numbers of a tokenizer's vocabulary.
     *
     * @param tokens I64 {@code [n, length]}
     * @param valid BOOL {@code [n, length]}, false where a shorter text is filled up
     */
    public record Instruction(Tensor tokens, Tensor valid) {}

    public Observations {
        images = List.copyOf(images);
        if (state == null && environment == null && images.isEmpty()) {
            throw new IllegalArgumentException("observations: a policy must see something");
        }
    }

    /** A vector alone. */
    public static Observations ofState(Tensor state) {
        return new Observations(state, null, List.of(), null);
    }

    public Observations withEnvironment(Tensor value) {
        return new Observations(state, value, images, instruction);
    }

    public Observations withImages(Tensor... values) {
        return new Observations(state, environment, List.of(values), instruction);
    }

    public Observations withInstruction(Instruction value) {
        return new Observations(state, environment, images, value);
    }

    /** How many samples there are. */
    public long count() {
        return anything().extent(0);
    }

    /** Some tensor of what is seen: for its dtype and count. */
    Tensor anything() {
        if (state != null) {
            return state;
        }
        return environment != null ? environment : images.getFirst();
    }

    /** The state, where a policy needs it. */
    Tensor requiredState(String policy) {
        if (state == null) {
            throw new IllegalArgumentException(policy + ": needs the robot's state");
        }
        return state;
    }

    /** The surroundings, where a policy needs them. */
    Tensor requiredEnvironment(String policy) {
        if (environment == null) {
            throw new IllegalArgumentException(policy + ": needs the state of the environment");
        }
        return environment;
    }

    /** The images, where a policy needs so many. */
    List<Tensor> requiredImages(String policy, int cameras) {
        if (images.size() != cameras) {
            throw new IllegalArgumentException(
                    policy + ": needs images of " + cameras + " cameras, has " + images.size());
        }
        return images;
    }
}
