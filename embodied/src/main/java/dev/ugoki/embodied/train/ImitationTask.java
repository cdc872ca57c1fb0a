package dev.ugoki.embodied.train;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.PolicyScales;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.data.Normalizer;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.Lora;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.nn.vision.ImageAugmentation;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.io.HostArray;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Imitation: a policy learns to predict the chunks of actions that followed what was observed in
 * demonstrations.
 *
 * <pre>{@code
 * ImitationTask task = ImitationTask.of(frames, config, Key.of(seed)).withObservationNoise(0.02);
 * TrainingRun.start(folder, task, ImitationTask.preset(config.network())).train(bar);
 * }</pre>
 *
 * <p>A sample is a frame: the observations up to it, and the actions from the first of these on.
 * Where they stick out of the episode its first or last frame is repeated, and such actions are
 * marked as made up, for policies that leave them out of the loss. As in Diffusion Policy, the last
 * frames of an episode, after which recorded actions don't suffice to act on, are no samples,
 * except for ACT.
 *
 * <p>Immutable: each {@code with} gives another task of the same network.
 */
public final class ImitationTask implements TrainingTask {
    /** What a step's key is folded with, so that its uses don't draw the same numbers. */
    private static final int NOISE = 101;

    private static final int IMAGES = 102;
    private static final int ORIGIN = 103;

    /** What a policy learns to tell of images, and is told in training alone. */
    private record Auxiliary(String feature, Normalizer normalizer) {}

    /** What is done to observations in training. */
    private record Disturbance(
            double noise, double originNoise, @Nullable ImageAugmentation images) {
        static final Disturbance NONE = new Disturbance(0, 0, null);
    }

    private final RobotPolicy policy;
    private final FrameTable frames;
    private final DeltaWindows windows;
    private final int[] sampleFrames;
    private final Map<String, FrameImages> images;
    private final @Nullable Auxiliary auxiliary;
    private final Disturbance disturbance;

    private ImitationTask(
            RobotPolicy policy,
            FrameTable frames,
            DeltaWindows windows,
            int[] sampleFrames,
            Map<String, FrameImages> images,
            @Nullable Auxiliary auxiliary,
            Disturbance disturbance) {
        this.policy = policy;
        this.frames = frames;
        this.windows = windows;
        this.sampleFrames = sampleFrames;
        this.images = images;
        this.auxiliary = auxiliary;
        this.disturbance = disturbance;
    }

    /**
     * The task of learning from some demonstrations, which the policy's scales follow from.
     *
     * @param frames with the vectors that the policy sees and predicts
     * @param key of the network's first weights
     * @throws IllegalArgumentException if a feature is missing or of another width, or no episode
     *     is long enough
     */
    public static ImitationTask of(FrameTable frames, PolicyConfig config, Key key) {
        requireAll(frames, config);
        return of(frames, RobotPolicy.create(config, PolicyScales.of(config, frames), key));
    }

    /** The task of learning more: a policy that is there, with the scales that it has. */
    public static ImitationTask of(FrameTable frames, RobotPolicy policy) {
        PolicyConfig config = policy.config();
        requireAll(frames, config);
        DeltaWindows windows = DeltaWindows.over(frames);
        for (PolicyFeature input : config.vectors()) {
            windows = windows.with(input.name(), config.observationOffsets(input));
        }
        windows = windows.with(config.action().name(), config.actionOffsets());
        return new ImitationTask(
                policy, frames, windows, samples(frames, config), Map.of(), null, Disturbance.NONE);
    }

    private static void requireAll(FrameTable frames, PolicyConfig config) {
        for (PolicyFeature feature : config.features()) {
            if (feature.kind() == PolicyFeature.Kind.VISUAL) {
                continue;
            }
            int width = frames.column(feature.name()).width();
            if (width != feature.width()) {
                throw new IllegalArgumentException(
                        "feature '%s' has %d numbers in the data, but %d in the policy"
                                .formatted(feature.name(), width, feature.width()));
            }
        }
    }

    private static int[] samples(FrameTable frames, PolicyConfig config) {
        int unused =
                switch (config.network()) {
                    case PolicyNetwork.Act _ -> 0;
                    case PolicyNetwork.Diffusion _, PolicyNetwork.Chunk _ ->
                            config.horizon() - config.firstAction() - config.actionSteps();
                };
        int[] samples = new int[frames.frameCount()];
        int count = 0;
        for (int episode = 0; episode < frames.episodeCount(); episode++) {
            int end = frames.episodeEnd(episode) - unused;
            for (int frame = frames.episodeStart(episode); frame < end; frame++) {
                samples[count++] = frame;
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException(
                    "no episode has more than %d frames, which a chunk of %d actions takes"
                            .formatted(unused, config.horizon()));
        }
        return Arrays.copyOf(samples, count);
    }

    /**
     * The task with what a camera saw.
     *
     * @throws IllegalArgumentException if the policy sees no such images, or there are more or
     *     fewer than frames
     */
    public ImitationTask withImages(String name, FrameImages seen) {
        PolicyFeature image = PolicyFeature.image(name, seen.height(), seen.width());
        if (!policy.config().images().contains(image) || seen.frameCount() != frames.frameCount()) {
            throw new IllegalArgumentException(
                    "images '%s' of %d frames: the policy sees %s, and there are %d frames"
                            .formatted(
                                    image,
                                    seen.frameCount(),
                                    policy.config().images(),
                                    frames.frameCount()));
        }
        Map<String, FrameImages> more = new LinkedHashMap<>(images);
        more.put(name, seen);
        return new ImitationTask(
                policy, frames, windows, sampleFrames, more, auxiliary, disturbance);
    }

    /**
     * The task where the policy also learns to tell a feature of the present frame of images; see
     * {@link dev.ugoki.nn.policy.ConditionedPolicy.Vision}.
     */
    public ImitationTask withAuxiliary(String feature) {
        Normalizer normalizer =
                Normalizer.of(
                        Normalization.MEAN_STD,
                        DatasetStatistics.of(frames.select(List.of(feature))).feature(feature));
        return new ImitationTask(
                policy,
                frames,
                windows.with(feature, 0),
                sampleFrames,
                images,
                new Auxiliary(feature, normalizer),
                disturbance);
    }

    /**
     * The task of telling how well the policy does on other demonstrations: with nothing disturbed,
     * and scaled as this one. Images are to be given anew.
     */
    public ImitationTask heldOut(FrameTable others) {
        ImitationTask plain = of(others, policy);
        return new ImitationTask(
                policy,
                others,
                auxiliary == null ? plain.windows : plain.windows.with(auxiliary.feature(), 0),
                plain.sampleFrames,
                Map.of(),
                auxiliary,
                plain.disturbance);
    }

    /**
     * The task with normal noise added to all vectors that are observed, as a part of their scale:
     * against learning few demonstrations by heart. What actions are relative to stays exact.
     */
    public ImitationTask withObservationNoise(double deviation) {
        if (!(deviation >= 0)) {
            throw new IllegalArgumentException(
                    "observation noise: must be at least 0: " + deviation);
        }
        return with(new Disturbance(deviation, disturbance.originNoise(), disturbance.images()));
    }

    /**
     * The task with what actions are relative to moved at random, in all observed steps alike, by
     * so many of its standard deviations, while the actions stay where they are: so a policy learns
     * to come back to what was demonstrated from places where nobody was.
     *
     * @throws IllegalArgumentException if actions are absolute
     */
    public ImitationTask withOriginNoise(double deviation) {
        if (!(deviation >= 0) || policy.config().relativeTo().isEmpty() && deviation > 0) {
            throw new IllegalArgumentException(
                    "origin noise: must be at least 0, and actions relative to something: "
                            + deviation);
        }
        return with(new Disturbance(disturbance.noise(), deviation, disturbance.images()));
    }

    /** The task with images changed at random. */
    public ImitationTask withAugmentation(ImageAugmentation augmentation) {
        return with(new Disturbance(disturbance.noise(), disturbance.originNoise(), augmentation));
    }

    private ImitationTask with(Disturbance other) {
        return new ImitationTask(policy, frames, windows, sampleFrames, images, auxiliary, other);
    }

    /**
     * The settings that a kind of policy is usually trained with: ACT as LeRobot does, with AdamW
     * at 1e-5 and batches of 8, Diffusion Policy with AdamW at 1e-4, half a cosine, and batches of
     * 64, 100,000 steps of both with gradients clipped to a norm of 10; the project's own with
     * {@link TrainingSettings#DEFAULT}, and batches of 128 where they convolve.
     */
    public static TrainingSettings preset(PolicyNetwork network) {
        TrainingSettings common = TrainingSettings.DEFAULT.withGradientClip(10);
        return switch (network) {
            case PolicyNetwork.Act _ ->
                    common.withOptimizer(new AdamW(1e-5, 0.9, 0.999, 1e-8, 1e-4))
                            .withBatchSize(8)
                            .withWarmupSteps(0)
                            .withSteps(100_000, 0);
            case PolicyNetwork.Diffusion _ ->
                    common.withOptimizer(new AdamW(1e-4, 0.95, 0.999, 1e-8, 1e-6))
                            .withBatchSize(64)
                            .withWarmupSteps(500)
                            .withSteps(100_000, 99_500);
            case PolicyNetwork.Chunk chunk -> {
                boolean convolves =
                        chunk.vision().isPresent() || chunk.head() instanceof NetworkConfig.Unet;
                yield TrainingSettings.DEFAULT.withBatchSize(convolves ? 128 : 512);
            }
        };
    }

    /** The policy, whose network is trained. */
    public RobotPolicy policy() {
        return policy;
    }

    @Override
    public Module network() {
        return policy.network().module();
    }

    /** All parameters; where layers have adapters ({@link Lora}), theirs alone. */
    @Override
    public SequencedMap<String, Parameter> trainable() {
        SequencedMap<String, Parameter> adapters = Lora.parameters(network());
        return adapters.isEmpty() ? network().namedParameters() : adapters;
    }

    @Override
    public int sampleCount() {
        return sampleFrames.length;
    }

    @Override
    public String fingerprint() {
        List<String> features = new ArrayList<>();
        policy.config().vectors().forEach(input -> features.add(input.name()));
        features.add(policy.config().action().name());
        String more = "";
        if (auxiliary != null) {
            features.add(auxiliary.feature());
        }
        if (!disturbance.equals(Disturbance.NONE)) {
            more = disturbance.toString();
        }
        String vectors = DataChecksum.of(frames, features, policy.config() + more);
        return images.isEmpty() ? vectors : vectors + "-" + DataChecksum.of(images);
    }

    @Override
    public Tensor loss(int[] samples, Key key) {
        return loss(batch(samples), key);
    }

    /** Inputs in their order, what else is learned, actions, and which of these are made up. */
    @Override
    public Tensor[] batch(int[] samples) {
        PolicyConfig config = policy.config();
        int[] chosen = new int[samples.length];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = sampleFrames[samples[i]];
        }
        List<Tensor> batch = new ArrayList<>();
        for (PolicyFeature input : config.inputs()) {
            batch.add(
                    input.kind() == PolicyFeature.Kind.VISUAL
                            ? pictures(input, chosen)
                            : vectors(input.name(), chosen, config.network().stepsOf(input)));
        }
        if (auxiliary != null) {
            batch.add(vectors(auxiliary.feature(), chosen, 1));
        }
        int width = config.action().width();
        float[] actions = windows.gather(config.action().name(), chosen);
        batch.add(Tensor.of(actions, chosen.length, config.horizon(), width));
        if (!(config.network() instanceof PolicyNetwork.Chunk)) {
            boolean[] padding = windows.gatherIsPad(config.action().name(), chosen);
            batch.add(Tensor.of(padding, chosen.length, config.horizon()));
        }
        return batch.toArray(Tensor[]::new);
    }

    private Tensor vectors(String feature, int[] chosen, int steps) {
        float[] values = windows.gather(feature, chosen);
        int width = frames.column(feature).width();
        return steps == 1
                ? Tensor.of(values, chosen.length, width)
                : Tensor.of(values, chosen.length, steps, width);
    }

    private Tensor pictures(PolicyFeature input, int[] chosen) {
        FrameImages seen = images.get(input.name());
        if (seen == null || policy.config().network().stepsOf(input) != 1) {
            throw new IllegalArgumentException(
                    "feature '%s' is an image; %s"
                            .formatted(
                                    input,
                                    seen == null
                                            ? "a table of frames has none"
                                            : "those of several steps are not supported"));
        }
        int size = seen.height() * seen.width() * 3;
        byte[] bytes = new byte[Math.multiplyExact(size, chosen.length)];
        for (int i = 0; i < chosen.length; i++) {
            seen.copyFrame(chosen[i], bytes, i * size);
        }
        Shape shape = Shape.of(chosen.length, seen.height(), seen.width(), 3);
        return Tensor.of(new TensorType(DType.U8, shape), MemorySegment.ofArray(bytes));
    }

    @Override
    public Tensor loss(Tensor[] batch, Key key) {
        PolicyConfig config = policy.config();
        Map<String, Tensor> seen = new LinkedHashMap<>();
        int at = 0;
        for (PolicyFeature input : config.inputs()) {
            seen.put(
                    policy.observedName(input),
                    prepared(input, batch[at], key.fold(IMAGES).fold(at)));
            at++;
        }
        moveOrigin(seen, key.fold(ORIGIN));
        Observations observations = disturbed(policy.normalized(seen), key);
        if (auxiliary != null) {
            Tensor known = auxiliary.normalizer().normalize(batch[at++], -1);
            observations = observations.withEnvironment(known);
        }
        Tensor actions = policy.scales().normalizeActions(batch[at++], policy.origins(seen));
        Tensor padding = at < batch.length ? batch[at] : null;
        return policy.network().loss(observations, actions, padding, key);
    }

    /** Bytes of images become numbers from 0 to 1, and are changed at random. */
    private Tensor prepared(PolicyFeature input, Tensor values, Key key) {
        if (input.kind() != PolicyFeature.Kind.VISUAL) {
            return values;
        }
        Tensor image = values.permute(0, 3, 1, 2).cast(DType.F32).mul(1 / 255.0);
        ImageAugmentation augmentation = disturbance.images();
        return augmentation == null || !network().isTraining()
                ? image
                : augmentation.apply(image, key);
    }

    private void moveOrigin(Map<String, Tensor> seen, Key key) {
        if (disturbance.originNoise() == 0 || !network().isTraining()) {
            return;
        }
        String name = policy.config().relativeTo().orElseThrow();
        Tensor values = seen.get(name);
        if (values == null) {
            throw new IllegalStateException("origin noise: '" + name + "' goes by another name");
        }
        double[] deviations = policy.scales().deviations(name);
        long[] extents = values.shape().toArray();
        if (extents.length == 3) {
            extents[1] = 1;
        }
        Tensor noise = Random.normal(key, values.dtype(), extents);
        Tensor scale = Tensor.of(deviations, deviations.length).cast(values.dtype());
        seen.put(name, values.add(noise.mul(scale).mul(disturbance.originNoise())));
    }

    private Observations disturbed(Observations observations, Key key) {
        if (disturbance.noise() == 0 || !network().isTraining()) {
            return observations;
        }
        return new Observations(
                disturbed(observations.state(), key.fold(NOISE).fold(0)),
                disturbed(observations.environment(), key.fold(NOISE).fold(1)),
                observations.images(),
                observations.instruction());
    }

    private @Nullable Tensor disturbed(@Nullable Tensor values, Key key) {
        if (values == null) {
            return null;
        }
        Tensor noise = Random.normal(key, values.dtype(), values.shape().toArray());
        return values.add(noise.mul(disturbance.noise()));
    }

    @Override
    public void savePretrained(Path folder, Map<String, HostArray> weights) throws IOException {
        policy.save(folder, weights, RobotPolicy.Layout.CURRENT);
    }
}
