package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Diffusion Policy whole: states and images of the last steps become the conditioning of a {@link
 * DiffusionPolicy} with a {@link ConditionalUnet1d}.
 *
 * <pre>{@code
 * VisualDiffusionPolicy policy =
 *         VisualDiffusionPolicy.Config.of(2, 2)
 *                 .withVision(Vision.of(1, 96, 96).withCrop(84, 84, true))
 *                 .build(key);
 * Tensor loss = policy.loss(observations, actions, null, key.fold(step));
 * policy.module().eval();
 * Tensor chunk = policy.sample(observations, key);
 * }</pre>
 *
 * <p>Observations have {@code steps} steps: state {@code [n, steps, s]}, environment {@code [n,
 * steps, e]}, images {@code [n, steps, 3, h, w]}. A chunk begins at the first of them. State names
 * are LeRobot's: {@code diffusion.rgb_encoder}, {@code diffusion.unet}.
 *
 * <p>Source: Chi et al.: Diffusion policy (RSS 2023).
 */
public final class VisualDiffusionPolicy implements ObservationPolicy {
    private static final String NAME = "diffusion policy";

    /**
     * How images are seen.
     *
     * @param cameras how many
     * @param height of an image
     * @param width of an image
     * @param cropHeight of the part that is looked at, or 0 for all of it
     * @param cropWidth likewise
     * @param cropsAtRandom whether the part is drawn in training, rather than the middle
     * @param keypoints how many
     * @param normalizesGroups whether the network normalizes groups of 16 channels, rather than
     *     batches
     * @param encoderPerCamera whether each camera has weights of its own
     * @param backbone the network of images
     */
    public record Vision(
            int cameras,
            int height,
            int width,
            int cropHeight,
            int cropWidth,
            boolean cropsAtRandom,
            int keypoints,
            boolean normalizesGroups,
            boolean encoderPerCamera,
            Backbone backbone) {
        /** No images. */
        public static final Vision NONE =
                new Vision(0, 0, 0, 0, 0, false, 32, true, false, Backbone.RESNET18);

        public Vision {
            if ((cropHeight == 0) != (cropWidth == 0) || cropHeight > height || cropWidth > width) {
                throw new IllegalArgumentException(
                        "%s: cannot crop %dx%d from images of %dx%d"
                                .formatted(NAME, cropHeight, cropWidth, height, width));
            }
        }

        /** Images without crop, 32 keypoints, groups normalized, one encoder for all cameras. */
        public static Vision of(int cameras, int height, int width) {
            return new Vision(
                    cameras, height, width, 0, 0, false, 32, true, false, Backbone.RESNET18);
        }

        public Vision withCrop(int rows, int columns, boolean atRandom) {
            return new Vision(
                    cameras,
                    height,
                    width,
                    rows,
                    columns,
                    atRandom,
                    keypoints,
                    normalizesGroups,
                    encoderPerCamera,
                    backbone);
        }

        public Vision withKeypoints(int value) {
            return new Vision(
                    cameras,
                    height,
                    width,
                    cropHeight,
                    cropWidth,
                    cropsAtRandom,
                    value,
                    normalizesGroups,
                    encoderPerCamera,
                    backbone);
        }

        public Vision withNormalizedGroups(boolean value) {
            return new Vision(
                    cameras,
                    height,
                    width,
                    cropHeight,
                    cropWidth,
                    cropsAtRandom,
                    keypoints,
                    value,
                    encoderPerCamera,
                    backbone);
        }

        public Vision withEncoderPerCamera(boolean value) {
            return new Vision(
                    cameras,
                    height,
                    width,
                    cropHeight,
                    cropWidth,
                    cropsAtRandom,
                    keypoints,
                    normalizesGroups,
                    value,
                    backbone);
        }

        public Vision withBackbone(Backbone value) {
            return new Vision(
                    cameras,
                    height,
                    width,
                    cropHeight,
                    cropWidth,
                    cropsAtRandom,
                    keypoints,
                    normalizesGroups,
                    encoderPerCamera,
                    value);
        }
    }

    /**
     * The convolutional network, as {@link ConditionalUnet1d.Config}.
     *
     * @param channels of each resolution, the full one first
     */
    public record Unet(
            List<Integer> channels, int kernel, int groups, int stepWidth, boolean modulatesScale) {
        /** LeRobot's: 512, 1024, 2048 channels. */
        public static final Unet DEFAULT = new Unet(List.of(512, 1024, 2048), 5, 8, 128, true);

        public Unet {
            channels = List.copyOf(channels);
        }
    }

    /**
     * What it is built of.
     *
     * @param state width of the robot's state, or 0
     * @param environment width of its surroundings' state, or 0
     * @param actions width of an action
     * @param steps how many are observed
     * @param horizon how many actions a chunk has
     * @param masksPadding whether made-up actions are left out of the loss
     */
    public record Config(
            int state,
            int environment,
            int actions,
            int steps,
            int horizon,
            Vision vision,
            Unet unet,
            DiffusionSampler sampler,
            boolean masksPadding) {
        public Config {
            if (state == 0 && environment == 0 && vision.cameras() == 0) {
                throw new IllegalArgumentException(NAME + ": must see something");
            }
            if (steps < 1 || steps > horizon) {
                throw new IllegalArgumentException(
                        "%s: cannot observe %d steps of a chunk of %d"
                                .formatted(NAME, steps, horizon));
            }
        }

        /** 2 steps, chunks of 16, DDPM in all 100 steps, as the published checkpoints. */
        public static Config of(int state, int actions) {
            DiffusionSampler sampler =
                    new DiffusionSampler(
                            NoiseSchedule.squaredCosine(100),
                            DiffusionSampler.Kind.DDPM,
                            100,
                            DiffusionSampler.Prediction.NOISE,
                            1);
            return new Config(state, 0, actions, 2, 16, Vision.NONE, Unet.DEFAULT, sampler, false);
        }

        public Config withEnvironment(int value) {
            return new Config(
                    state, value, actions, steps, horizon, vision, unet, sampler, masksPadding);
        }

        public Config withVision(Vision value) {
            return new Config(
                    state,
                    environment,
                    actions,
                    steps,
                    horizon,
                    value,
                    unet,
                    sampler,
                    masksPadding);
        }

        public Config withUnet(Unet value) {
            return new Config(
                    state,
                    environment,
                    actions,
                    steps,
                    horizon,
                    vision,
                    value,
                    sampler,
                    masksPadding);
        }

        public Config withSampler(DiffusionSampler value) {
            return new Config(
                    state, environment, actions, steps, horizon, vision, unet, value, masksPadding);
        }

        /** How many numbers the network is conditioned on. */
        int conditioning() {
            int images = vision.cameras() * ImageEncoder.width(vision);
            return steps * (state + images + environment);
        }

        public VisualDiffusionPolicy build(Key key) {
            return new VisualDiffusionPolicy(this, key);
        }
    }

    private final Config config;
    private final List<ImageEncoder> encoders;
    private final DiffusionPolicy policy;

    private VisualDiffusionPolicy(Config config, Key key) {
        this.config = config;
        Vision vision = config.vision();
        int count = vision.cameras() == 0 ? 0 : vision.encoderPerCamera() ? vision.cameras() : 1;
        List<ImageEncoder> made = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            made.add(new ImageEncoder(vision, key.fold(0).fold(i)));
        }
        encoders = List.copyOf(made);
        Module encoder =
                encoders.isEmpty()
                        ? null
                        : vision.encoderPerCamera()
                                ? new ModuleList<>(encoders)
                                : encoders.getFirst();
        Unet unet = config.unet();
        ConditionalUnet1d network =
                new ConditionalUnet1d.Config(
                                config.actions(),
                                config.conditioning(),
                                unet.channels(),
                                unet.kernel(),
                                unet.groups(),
                                unet.stepWidth(),
                                unet.modulatesScale())
                        .build(key.fold(1));
        policy =
                new DiffusionPolicy(
                        network, encoder, config.horizon(), config.actions(), config.sampler());
    }

    public Config config() {
        return config;
    }

    @Override
    public Module module() {
        return policy;
    }

    @Override
    public int chunkLength() {
        return config.horizon();
    }

    @Override
    public int firstAction() {
        return config.steps() - 1;
    }

    @Override
    public int actionSize() {
        return config.actions();
    }

    @Override
    public Tensor loss(
            Observations observations, Tensor actions, @Nullable Tensor padding, Key key) {
        return policy.loss(chunks(observations, actions, padding), key);
    }

    /**
     * The loss for given draws.
     *
     * @param noise of the actions' type
     * @param steps I64 {@code [n]}
     */
    public Tensor loss(
            Observations observations,
            Tensor actions,
            @Nullable Tensor padding,
            Tensor noise,
            Tensor steps) {
        return policy.loss(chunks(observations, actions, padding), noise, steps);
    }

    private Chunks chunks(Observations observations, Tensor actions, @Nullable Tensor padding) {
        if (config.masksPadding() && padding == null) {
            throw new IllegalArgumentException(
                    NAME + ": leaves made-up actions out of the loss, and is not told which are");
        }
        return new Chunks(
                conditioning(observations), actions, config.masksPadding() ? padding : null);
    }

    @Override
    public Tensor sample(Observations observations, Key key) {
        return policy.sample(detachedConditioning(observations), key);
    }

    /**
     * Chunks that begin as {@code start [n, horizon, actions]}.
     *
     * @param noise gives more normal numbers for each step that draws
     */
    public Tensor sample(Observations observations, Tensor start, Supplier<Tensor> noise) {
        return policy.sample(detachedConditioning(observations), start, noise);
    }

    /** Chunks that begin as {@code start}; noise for each step that draws is of the key. */
    public Tensor sample(Observations observations, Tensor start, Key key) {
        return sample(observations, start, DiffusionPolicy.noises(key, start));
    }

    private Tensor detachedConditioning(Observations observations) {
        return Autograd.noGrad(() -> conditioning(observations));
    }

    /** Of each step the state, the cameras' features, the environment; then the next step's. */
    private Tensor conditioning(Observations observations) {
        List<Tensor> parts = new ArrayList<>();
        if (config.state() > 0) {
            parts.add(checked(observations.requiredState(NAME), config.state()));
        }
        int camera = 0;
        for (Tensor images : observations.requiredImages(NAME, config.vision().cameras())) {
            ImageEncoder encoder = encoders.get(config.vision().encoderPerCamera() ? camera : 0);
            camera++;
            Tensor features = encoder.apply(images.flatten(0, 1));
            parts.add(features.reshape(images.extent(0), config.steps(), -1));
        }
        if (config.environment() > 0) {
            parts.add(checked(observations.requiredEnvironment(NAME), config.environment()));
        }
        return Tensor.concat(2, parts.toArray(Tensor[]::new)).flatten(1, 2);
    }

    private Tensor checked(Tensor vectors, int width) {
        if (vectors.rank() != 3
                || vectors.extent(1) != config.steps()
                || vectors.extent(2) != width) {
            throw new IllegalArgumentException(
                    "%s: observations must be [n,%d,%d], and are %s"
                            .formatted(NAME, config.steps(), width, vectors.type()));
        }
        return vectors;
    }
}
