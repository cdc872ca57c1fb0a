package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Buffer;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.Embedding;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.transformer.TransformerConfig;
import dev.ugoki.nn.transformer.TransformerDecoderLayer.Positions;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Activation;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * ACT: a transformer that turns states and images into a chunk of actions in one pass. In training
 * a second transformer looks at the actions too and says in a short latent vector how they were
 * done; acting, that vector is zero.
 *
 * <pre>{@code
 * ActPolicy policy = ActPolicy.Config.of(6, 6).withCameras(2).build(key);
 * Tensor loss = policy.loss(observations, actions, padding, key.fold(step));
 * policy.eval();
 * Tensor chunk = policy.sample(observations, key);
 * }</pre>
 *
 * <p>Observations have one step: state {@code [n, s]}, environment {@code [n, e]}, images {@code
 * [n, 3, h, w]}, all cameras through one ResNet. State names are LeRobot's, {@code model...}.
 *
 * <p>Source: Zhao et al.: Learning fine-grained bimanual manipulation with low-cost hardware (RSS
 * 2023), as in LeRobot: one decoder layer where the paper speaks of seven, since the original code
 * only uses the output of its first.
 */
public final class ActPolicy extends Module implements ObservationPolicy {
    private static final String NAME = "ACT";

    /** The function between the two maps of a transformer layer. */
    public enum Nonlinearity {
        RELU,
        GELU
    }

    /**
     * The transformers.
     *
     * @param width of tokens
     * @param heads of attention
     * @param feedForward width between the two maps of a layer
     * @param activation between them
     * @param encoders how many layers the encoder has
     * @param decoders how many the decoder has
     * @param normalizesFirst whether layers normalize what goes in, rather than what comes out
     * @param dropout probability
     */
    public record Layers(
            int width,
            int heads,
            int feedForward,
            Nonlinearity activation,
            int encoders,
            int decoders,
            boolean normalizesFirst,
            double dropout) {
        /** 512 wide, 8 heads, 3200 between, 4 encoders, 1 decoder, dropout 0.1. */
        public static final Layers DEFAULT =
                new Layers(512, 8, 3200, Nonlinearity.RELU, 4, 1, false, 0.1);

        TransformerConfig transformer() {
            Activation function =
                    switch (activation) {
                        case RELU -> new Activation.Relu();
                        case GELU -> new Activation.Gelu();
                    };
            return new TransformerConfig(
                    width, heads, feedForward, function, normalizesFirst, dropout);
        }
    }

    /**
     * The encoder of actions.
     *
     * @param used whether there is one
     * @param latent width of what it says
     * @param layers how many it has
     * @param weight of its divergence from the normal distribution in the loss
     */
    public record Vae(boolean used, int latent, int layers, double weight) {
        /** 32 wide, 4 layers, weight 10. */
        public static final Vae DEFAULT = new Vae(true, 32, 4, 10);
    }

    /** Over what the absolute error is averaged; made-up actions never count in its sum. */
    public enum Averaging {
        /** Over the real actions. */
        REAL,
        /** Over all actions, as in the original code and LeRobot up to 0.3. */
        ALL
    }

    /**
     * What it is built of.
     *
     * @param state width of the robot's state, or 0
     * @param environment width of its surroundings' state, or 0
     * @param cameras how many
     * @param actions width of an action
     * @param chunk how many actions
     * @param backbone the network of images
     */
    public record Config(
            int state,
            int environment,
            int cameras,
            int actions,
            int chunk,
            Layers layers,
            Vae vae,
            Averaging averaging,
            Backbone backbone) {
        public Config {
            if (state == 0 && environment == 0 && cameras == 0) {
                throw new IllegalArgumentException(NAME + ": must see something");
            }
            if (layers.width() % 4 != 0) {
                throw new IllegalArgumentException(
                        NAME + ": the width must be a multiple of 4, and is " + layers.width());
            }
        }

        /** LeRobot's defaults, for a state without images: chunks of 100. */
        public static Config of(int state, int actions) {
            return new Config(
                    state,
                    0,
                    0,
                    actions,
                    100,
                    Layers.DEFAULT,
                    Vae.DEFAULT,
                    Averaging.REAL,
                    Backbone.RESNET18);
        }

        public Config withEnvironment(int value) {
            return new Config(
                    state, value, cameras, actions, chunk, layers, vae, averaging, backbone);
        }

        public Config withCameras(int value) {
            return new Config(
                    state, environment, value, actions, chunk, layers, vae, averaging, backbone);
        }

        public Config withChunk(int value) {
            return new Config(
                    state, environment, cameras, actions, value, layers, vae, averaging, backbone);
        }

        public Config withLayers(Layers value) {
            return new Config(
                    state, environment, cameras, actions, chunk, value, vae, averaging, backbone);
        }

        public Config withVae(Vae value) {
            return new Config(
                    state,
                    environment,
                    cameras,
                    actions,
                    chunk,
                    layers,
                    value,
                    averaging,
                    backbone);
        }

        public Config withAveraging(Averaging value) {
            return new Config(
                    state, environment, cameras, actions, chunk, layers, vae, value, backbone);
        }

        public Config withBackbone(Backbone value) {
            return new Config(
                    state, environment, cameras, actions, chunk, layers, vae, averaging, value);
        }

        public ActPolicy build(Key key) {
            return new ActPolicy(this, key);
        }
    }

    /**
     * A loss and what it is made of.
     *
     * @param total what training makes small
     * @param error the mean absolute error
     * @param divergence of the latent from the normal distribution; null without it
     */
    public record Loss(Tensor total, Tensor error, @Nullable Tensor divergence) {}

    private final Config config;
    private final Network network;

    private ActPolicy(Config config, Key key) {
        this.config = config;
        network = child("model", new Network(config, key));
    }

    public Config config() {
        return config;
    }

    @Override
    public Module module() {
        return this;
    }

    @Override
    public int chunkLength() {
        return config.chunk();
    }

    /** The first: a chunk begins now. */
    @Override
    public int firstAction() {
        return 0;
    }

    @Override
    public int actionSize() {
        return config.actions();
    }

    @Override
    public Tensor loss(
            Observations observations, Tensor actions, @Nullable Tensor padding, Key key) {
        Tensor noise =
                Random.normal(key, actions.dtype(), actions.extent(0), config.vae().latent());
        return losses(observations, actions, padding, noise).total();
    }

    /**
     * The loss for a given draw. In evaluation the latent is zero, and there is no divergence.
     *
     * @param noise of the latent {@code [n, latent]}; not looked at without an encoder of actions
     */
    public Loss losses(
            Observations observations, Tensor actions, @Nullable Tensor padding, Tensor noise) {
        if (actions.rank() != 3
                || actions.extent(1) != config.chunk()
                || actions.extent(2) != config.actions()) {
            throw new IllegalArgumentException(
                    "%s: chunks must be [n,%d,%d], and are %s"
                            .formatted(NAME, config.chunk(), config.actions(), actions.type()));
        }
        Latent latent =
                config.vae().used() && isTraining()
                        ? network.encode(observations, actions, padding)
                        : null;
        Tensor z = latent == null ? network.noLatent(observations) : latent.sample(noise);
        Tensor errors = Losses.l1(network.decode(observations, z), actions, Reduction.NONE);
        Tensor error = average(errors, padding);
        if (latent == null) {
            return new Loss(error, error, null);
        }
        Tensor divergence = latent.divergence();
        return new Loss(error.add(divergence.mul(config.vae().weight())), error, divergence);
    }

    private Tensor average(Tensor errors, @Nullable Tensor padding) {
        return switch (config.averaging()) {
            case REAL -> Chunks.mean(errors, padding);
            case ALL ->
                    padding == null
                            ? errors.mean()
                            : errors.maskedFill(padding.unsqueeze(-1), 0).mean();
        };
    }

    /** The chunk {@code [n, chunk, actions]}. Nothing is drawn; the key is not looked at. */
    @Override
    public Tensor sample(Observations observations, Key key) {
        return Autograd.noGrad(() -> network.decode(observations, network.noLatent(observations)));
    }

    /** What the encoder of actions says: a normal distribution. */
    private record Latent(Tensor mean, Tensor logVariance) {
        Tensor sample(Tensor noise) {
            return mean.add(logVariance.mul(0.5).exp().mul(noise));
        }

        Tensor divergence() {
            Tensor each = logVariance.add(1).sub(mean.square()).sub(logVariance.exp());
            return each.mul(-0.5).sum(false, -1).mean();
        }
    }

    /** The {@code model} of the state's names. */
    private static final class Network extends Module {
        private final Config config;
        private final @Nullable ActionEncoder actionEncoder;
        private final @Nullable Buffer actionPositions;
        private final @Nullable Layer backbone;
        private final PositionedEncoder encoder;
        private final PositionedDecoder decoder;
        private final @Nullable Linear stateIn;
        private final @Nullable Linear environmentIn;
        private final Linear latentIn;
        private final @Nullable Conv2d imageIn;
        private final Embedding vectorPositions;
        private final Embedding queryPositions;
        private final Linear actionHead;

        Network(Config config, Key key) {
            this.config = config;
            Layers layers = config.layers();
            int width = layers.width();
            actionEncoder = config.vae().used() ? new ActionEncoder(config, key.fold(0)) : null;
            actionPositions = actionEncoder == null ? null : register(actionEncoder);
            boolean sees = config.cameras() > 0;
            backbone = sees ? child("backbone", config.backbone().frozen(key.fold(1))) : null;
            encoder =
                    child("encoder", new PositionedEncoder(layers, layers.encoders(), key.fold(2)));
            decoder =
                    child("decoder", new PositionedDecoder(layers, layers.decoders(), key.fold(3)));
            stateIn = input("encoder_robot_state_input_proj", config.state(), width, key.fold(4));
            environmentIn =
                    input("encoder_env_state_input_proj", config.environment(), width, key.fold(5));
            latentIn =
                    child(
                            "encoder_latent_input_proj",
                            new Linear(config.vae().latent(), width, key.fold(6)));
            imageIn =
                    sees
                            ? child(
                                    "encoder_img_feat_input_proj",
                                    new Conv2d(
                                            config.backbone().channels(),
                                            width,
                                            1,
                                            Convolutions.Settings.DEFAULT,
                                            key.fold(7)))
                            : null;
            int vectors = 1 + (stateIn == null ? 0 : 1) + (environmentIn == null ? 0 : 1);
            vectorPositions =
                    child(
                            "encoder_1d_feature_pos_embed",
                            new Embedding(vectors, width, key.fold(8)));
            queryPositions =
                    child("decoder_pos_embed", new Embedding(config.chunk(), width, key.fold(9)));
            actionHead = child("action_head", new Linear(width, config.actions(), key.fold(10)));
            PositionedEncoder.initialize(encoder, key.fold(11));
            PositionedEncoder.initialize(decoder, key.fold(12));
        }

        private @Nullable Linear input(String name, int size, int width, Key key) {
            return size == 0 ? null : child(name, new Linear(size, width, key));
        }

        /** The parts of the encoder of actions stand beside the others. */
        private Buffer register(ActionEncoder made) {
            child("vae_encoder", made.encoder);
            child("vae_encoder_cls_embed", made.first);
            if (made.stateIn != null) {
                child("vae_encoder_robot_state_input_proj", made.stateIn);
            }
            child("vae_encoder_action_input_proj", made.actionIn);
            child("vae_encoder_latent_output_proj", made.latentOut);
            int count = config.chunk() + (made.stateIn == null ? 1 : 2);
            return optionalBuffer(
                    "vae_encoder_pos_enc", GridPositions.line(count, config.layers().width()));
        }

        Latent encode(Observations observations, Tensor actions, @Nullable Tensor padding) {
            if (actionEncoder == null || actionPositions == null) {
                throw new IllegalStateException(NAME + ": has no encoder of actions");
            }
            return actionEncoder.apply(observations, actions, padding, actionPositions.tensor());
        }

        Tensor noLatent(Observations observations) {
            Tensor any = observations.anything();
            return Tensor.zeros(any.dtype(), any.extent(0), config.vae().latent());
        }

        Tensor decode(Observations observations, Tensor latent) {
            List<Tensor> tokens = new ArrayList<>();
            tokens.add(latentIn.apply(latent).unsqueeze(1));
            if (stateIn != null) {
                tokens.add(stateIn.apply(observations.requiredState(NAME)).unsqueeze(1));
            }
            if (environmentIn != null) {
                Tensor environment = observations.requiredEnvironment(NAME);
                tokens.add(environmentIn.apply(environment).unsqueeze(1));
            }
            List<Tensor> positions = new ArrayList<>();
            positions.add(vectorPositions.weight().tensor());
            if (backbone != null && imageIn != null) {
                for (Tensor image : observations.requiredImages(NAME, config.cameras())) {
                    Tensor cells = imageIn.apply(backbone.apply(image));
                    tokens.add(cells.flatten(2, 3).transpose(1, 2));
                    positions.add(
                            GridPositions.of(
                                    cells.extent(2),
                                    cells.extent(3),
                                    config.layers().width(),
                                    cells.dtype()));
                }
            }
            Tensor places = Tensor.concat(0, positions.toArray(Tensor[]::new));
            Tensor memory =
                    encoder.apply(Tensor.concat(1, tokens.toArray(Tensor[]::new)), places, null);
            Tensor queries = queryPositions.weight().tensor();
            Tensor start =
                    Tensor.zeros(
                            memory.dtype(),
                            memory.extent(0),
                            config.chunk(),
                            config.layers().width());
            return actionHead.apply(decoder.apply(start, memory, new Positions(queries, places)));
        }
    }

    /** Looks at state and actions, and says how they were done. */
    private static final class ActionEncoder {
        private final int latent;
        private final PositionedEncoder encoder;
        private final Embedding first;
        private final @Nullable Linear stateIn;
        private final Linear actionIn;
        private final Linear latentOut;

        ActionEncoder(Config config, Key key) {
            Layers layers = config.layers();
            int width = layers.width();
            latent = config.vae().latent();
            encoder = new PositionedEncoder(layers, config.vae().layers(), key.fold(0));
            first = new Embedding(1, width, key.fold(1));
            stateIn = config.state() == 0 ? null : new Linear(config.state(), width, key.fold(2));
            actionIn = new Linear(config.actions(), width, key.fold(3));
            latentOut = new Linear(width, 2L * latent, key.fold(4));
        }

        Latent apply(
                Observations observations,
                Tensor actions,
                @Nullable Tensor padding,
                Tensor positions) {
            long count = actions.extent(0);
            Parameter start = first.weight();
            List<Tensor> tokens = new ArrayList<>();
            tokens.add(start.tensor().unsqueeze(0).expand(count, 1, start.tensor().extent(1)));
            if (stateIn != null) {
                tokens.add(stateIn.apply(observations.requiredState(NAME)).unsqueeze(1));
            }
            int before = tokens.size();
            tokens.add(actionIn.apply(actions));
            Tensor mask =
                    padding == null
                            ? null
                            : Tensor.concat(1, Tensor.zeros(DType.BOOL, count, before), padding);
            Tensor seen =
                    encoder.apply(
                            Tensor.concat(1, tokens.toArray(Tensor[]::new)),
                            positions.squeeze(0),
                            mask);
            Tensor parameters = latentOut.apply(seen.select(1, 0));
            return new Latent(
                    parameters.slice(-1, 0, latent), parameters.slice(-1, latent, 2L * latent));
        }
    }
}
