package dev.ugoki.embodied.act;

import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.Backbone;
import dev.ugoki.nn.policy.ChunkPolicy;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.DiffusionSampler;
import dev.ugoki.nn.policy.NoiseSchedule;
import dev.ugoki.nn.policy.ObservationPolicy;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tensor.Key;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The networks of policies, with the settings that their configurations name. */
public sealed interface PolicyNetwork {
    /** The {@code type} in {@code config.json}. */
    String type();

    /** How many steps are observed, the present one last. */
    int observationSteps();

    /** How many actions a chunk has, those of steps before the present included. */
    int chunkLength();

    /** How many steps of an input are seen, the present one last. */
    default int stepsOf(PolicyFeature input) {
        return observationSteps();
    }

    /**
     * The same network with other settings.
     *
     * @param settings a JSON object of some of those that {@code config.json} has, by their names
     *     there: such as {@code {"dim_model": 256}} for ACT
     * @throws IOException if there is no such setting, or its value is wrong; the message names the
     *     nearest one that there is
     */
    default PolicyNetwork with(String settings) throws IOException {
        return PolicyNetworkJson.overlay(this, settings);
    }

    /** The network with fresh weights for some features. */
    ObservationPolicy build(PolicyConfig config, Key key);

    /**
     * Whether the features fit.
     *
     * @throws IllegalArgumentException if not
     */
    default void check(List<PolicyFeature> inputs, PolicyFeature action, int actionSteps) {
        for (PolicyFeature.Kind kind : List.of(PolicyFeature.Kind.STATE, PolicyFeature.Kind.ENV)) {
            List<PolicyFeature> found =
                    inputs.stream().filter(input -> input.kind() == kind).toList();
            if (found.size() > 1) {
                throw new IllegalArgumentException(
                        "a policy takes one input of kind %s, and there are %s"
                                .formatted(kind, found));
            }
        }
        if (observationSteps() - 1 + actionSteps > chunkLength()) {
            throw new IllegalArgumentException(
                    "a chunk of %d actions that begins %d steps ago has no %d actions from now on"
                            .formatted(chunkLength(), observationSteps() - 1, actionSteps));
        }
    }

    /** ACT. */
    record Act(
            int chunkLength,
            ActPolicy.Layers layers,
            ActPolicy.Vae vae,
            Backbone backbone,
            @Nullable Double ensembleCoefficient)
            implements PolicyNetwork {
        /** LeRobot's defaults. */
        public static final Act DEFAULT =
                new Act(
                        100,
                        ActPolicy.Layers.DEFAULT,
                        ActPolicy.Vae.DEFAULT,
                        Backbone.RESNET18,
                        null);

        /** With a ResNet-18. */
        public Act(
                int chunkLength,
                ActPolicy.Layers layers,
                ActPolicy.Vae vae,
                @Nullable Double ensembleCoefficient) {
            this(chunkLength, layers, vae, Backbone.RESNET18, ensembleCoefficient);
        }

        @Override
        public String type() {
            return "act";
        }

        @Override
        public int observationSteps() {
            return 1;
        }

        @Override
        public ActPolicy build(PolicyConfig config, Key key) {
            return ActPolicy.Config.of(width(config, PolicyFeature.Kind.STATE), actions(config))
                    .withEnvironment(width(config, PolicyFeature.Kind.ENV))
                    .withCameras(config.images().size())
                    .withChunk(chunkLength)
                    .withLayers(layers)
                    .withVae(vae)
                    .withBackbone(backbone)
                    .build(key);
        }
    }

    /**
     * Diffusion Policy.
     *
     * @param cropShape rows and columns, or empty for whole images
     * @param inferenceSteps null for all that it is trained on
     */
    record Diffusion(
            int observationSteps,
            int chunkLength,
            List<Integer> cropShape,
            boolean cropsAtRandom,
            boolean normalizesGroups,
            int keypoints,
            boolean encoderPerCamera,
            Backbone backbone,
            VisualDiffusionPolicy.Unet unet,
            Noise noise,
            @Nullable Integer inferenceSteps,
            boolean masksPadding)
            implements PolicyNetwork {
        /** As the published checkpoints: 2 steps, chunks of 16, no crop. */
        public static final Diffusion DEFAULT =
                new Diffusion(
                        2,
                        16,
                        List.of(),
                        true,
                        true,
                        32,
                        false,
                        Backbone.RESNET18,
                        VisualDiffusionPolicy.Unet.DEFAULT,
                        Noise.DEFAULT,
                        null,
                        false);

        /**
         * How noise is added and taken out.
         *
         * @param schedule {@code squaredcos_cap_v2} or {@code linear}
         * @param clip actions are held to {@code -clip .. clip}; infinity for not at all
         */
        public record Noise(
                DiffusionSampler.Kind kind,
                int trainingSteps,
                String schedule,
                double firstBeta,
                double lastBeta,
                DiffusionSampler.Prediction prediction,
                double clip) {
            /** DDPM in 100 steps. */
            public static final Noise DEFAULT =
                    new Noise(
                            DiffusionSampler.Kind.DDPM,
                            100,
                            "squaredcos_cap_v2",
                            0.0001,
                            0.02,
                            DiffusionSampler.Prediction.NOISE,
                            1);

            DiffusionSampler sampler(@Nullable Integer steps) {
                NoiseSchedule made =
                        schedule.equals("linear")
                                ? NoiseSchedule.linear(trainingSteps, firstBeta, lastBeta)
                                : NoiseSchedule.squaredCosine(trainingSteps);
                return new DiffusionSampler(
                        made, kind, steps == null ? trainingSteps : steps, prediction, clip);
            }
        }

        /** With a ResNet-18. */
        public Diffusion(
                int observationSteps,
                int chunkLength,
                List<Integer> cropShape,
                boolean cropsAtRandom,
                boolean normalizesGroups,
                int keypoints,
                boolean encoderPerCamera,
                VisualDiffusionPolicy.Unet unet,
                Noise noise,
                @Nullable Integer inferenceSteps,
                boolean masksPadding) {
            this(
                    observationSteps,
                    chunkLength,
                    cropShape,
                    cropsAtRandom,
                    normalizesGroups,
                    keypoints,
                    encoderPerCamera,
                    Backbone.RESNET18,
                    unet,
                    noise,
                    inferenceSteps,
                    masksPadding);
        }

        public Diffusion {
            cropShape = List.copyOf(cropShape);
        }

        @Override
        public String type() {
            return "diffusion";
        }

        @Override
        public VisualDiffusionPolicy build(PolicyConfig config, Key key) {
            return new VisualDiffusionPolicy.Config(
                            width(config, PolicyFeature.Kind.STATE),
                            width(config, PolicyFeature.Kind.ENV),
                            actions(config),
                            observationSteps,
                            chunkLength,
                            vision(config.images()),
                            unet,
                            noise.sampler(inferenceSteps),
                            masksPadding)
                    .build(key);
        }

        private VisualDiffusionPolicy.Vision vision(List<PolicyFeature> images) {
            if (images.isEmpty()) {
                return VisualDiffusionPolicy.Vision.NONE;
            }
            List<Integer> shape = images.getFirst().shape();
            for (PolicyFeature image : images) {
                if (!image.shape().equals(shape)) {
                    throw new IllegalArgumentException(
                            "images of all cameras must have one size, and are " + images);
                }
            }
            return new VisualDiffusionPolicy.Vision(
                    images.size(),
                    shape.get(1),
                    shape.get(2),
                    cropShape.isEmpty() ? 0 : cropShape.get(0),
                    cropShape.isEmpty() ? 0 : cropShape.get(1),
                    cropsAtRandom,
                    keypoints,
                    normalizesGroups,
                    encoderPerCamera,
                    backbone);
        }
    }

    /**
     * A network of the project's own that predicts a chunk of all vectors of the last steps, and of
     * what it sees in an image of the present step.
     *
     * @param vision how the image is seen; empty where there is none
     */
    record Chunk(
            int observationSteps,
            int chunkLength,
            NetworkConfig head,
            Optional<ConditionedPolicy.Vision> vision)
            implements PolicyNetwork {
        /** The {@code type} in {@code config.json}. */
        static final String TYPE = "ugoki_chunk";

        /** On vectors alone. */
        public Chunk(int observationSteps, int chunkLength, NetworkConfig head) {
            this(observationSteps, chunkLength, head, Optional.empty());
        }

        @Override
        public String type() {
            return TYPE;
        }

        @Override
        public int stepsOf(PolicyFeature input) {
            return input.kind() == PolicyFeature.Kind.VISUAL ? 1 : observationSteps;
        }

        @Override
        public void check(List<PolicyFeature> inputs, PolicyFeature action, int actionSteps) {
            PolicyNetwork.super.check(inputs, action, actionSteps);
            long images =
                    inputs.stream()
                            .filter(input -> input.kind() == PolicyFeature.Kind.VISUAL)
                            .count();
            if (inputs.isEmpty() || images != (vision.isPresent() ? 1 : 0)) {
                throw new IllegalArgumentException(
                        "policy: sees %s, and its vision is for %s"
                                .formatted(inputs, vision.isPresent() ? "one image" : "none"));
            }
        }

        @Override
        public ConditionedPolicy build(PolicyConfig config, Key key) {
            int seen = vision.map(ConditionedPolicy.Vision::width).orElse(0);
            ChunkPolicy policy =
                    head.build(
                            config.conditioningWidth() + seen, chunkLength, actions(config), key);
            boolean environmentFirst = config.inputs().getFirst().kind() == PolicyFeature.Kind.ENV;
            if (vision.isEmpty()) {
                return new ConditionedPolicy(policy, observationSteps, environmentFirst);
            }
            List<Integer> shape = config.images().getFirst().shape();
            return new ConditionedPolicy(
                    policy,
                    observationSteps,
                    environmentFirst,
                    vision.get(),
                    shape.get(1),
                    shape.get(2),
                    key.fold(77));
        }
    }

    private static int actions(PolicyConfig config) {
        return config.action().width();
    }

    private static int width(PolicyConfig config, PolicyFeature.Kind kind) {
        Optional<PolicyFeature> input = config.input(kind);
        return input.isPresent() ? input.get().width() : 0;
    }
}
