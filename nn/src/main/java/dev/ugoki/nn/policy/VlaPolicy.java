package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.Embedding;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.SinusoidalEmbedding;
import dev.ugoki.nn.vision.SiglipVision;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * A policy that sees, reads and acts: a vision-language model and an expert for actions that share
 * their attention, trained for flow matching.
 *
 * <pre>{@code
 * VlaPolicy policy = VlaPolicy.Config.nano(1, 2, 2).build(key);
 * Tensor loss = policy.loss(observations, actions, null, key.fold(step));
 * Tensor chunk = policy.sample(observations, key);
 * }</pre>
 *
 * <p>Observations have one step: state {@code [n, s]}, images {@code [n, 3, size, size]} from -1 to
 * 1, and an instruction. The prefix (images, instruction and, in SmolVLA, the state) is read once;
 * its keys and values serve all steps of the sampling. State names are LeRobot's.
 *
 * <p>Source: Black et al.: pi0: a vision-language-action flow model (2024); Shukor et al.: SmolVLA
 * (2025).
 */
public final class VlaPolicy extends Module implements ObservationPolicy {
    private static final String NAME = "VLA";
    private static final double SHORTEST_PERIOD = 4e-3;
    private static final double LONGEST_PERIOD = 4;
    private static final double LEAST_TIME = 0.001;

    /** Whose arrangement it is. */
    public enum Style {
        /**
         * The state is a token of the expert, actions see each other, and every layer attends to
         * both.
         */
        PI0,
        /**
         * The state is the last token of the prefix, an action sees those before it, and every
         * second layer of the expert attends to the prefix alone.
         */
        SMOLVLA
    }

    /**
     * The images.
     *
     * @param encoder of one image
     * @param cameras how many images
     * @param shuffle so many times so many patches become one token
     */
    public record Vision(SiglipVision.Config encoder, int cameras, int shuffle) {
        /** Tokens of one image. */
        int tokens() {
            return encoder.patches() / (shuffle * shuffle);
        }
    }

    /**
     * The transformer of images and language; the expert has the same heads.
     *
     * @param vocabulary how many tokens there are
     * @param isGemma whether it is of Gemma's kind (normalizations around one, GELU) rather than of
     *     Llama's (SiLU)
     */
    public record Language(
            int vocabulary,
            int width,
            int layers,
            int heads,
            int keyHeads,
            int headWidth,
            int feedForward,
            double epsilon,
            boolean isGemma) {}

    /** The transformer of actions. */
    public record Expert(int width, int feedForward) {}

    /**
     * What it is built of.
     *
     * @param stateSlots width of the state that it is built for; shorter ones are filled with zeros
     * @param actionSlots width of the actions that it is built for, likewise
     * @param actions width of an action
     * @param chunk how many actions
     * @param steps of sampling
     * @param masksPadding whether made-up actions are left out of the loss
     */
    public record Config(
            Style style,
            Vision vision,
            Language language,
            Expert expert,
            int stateSlots,
            int actionSlots,
            int actions,
            int chunk,
            int steps,
            boolean masksPadding) {
        public Config {
            if (actions < 1 || actions > actionSlots || chunk < 1 || steps < 1) {
                throw new IllegalArgumentException(
                        "%s: %d actions of %d in %d slots, sampled in %d steps, make no policy"
                                .formatted(NAME, chunk, actions, actionSlots, steps));
            }
        }

        /** pi0: 3,238,048,528 parameters. */
        public static Config pi0(int cameras, int actions) {
            return new Config(
                    Style.PI0,
                    new Vision(SiglipVision.Config.so400m14(), cameras, 1),
                    new Language(257_152, 2048, 18, 8, 1, 256, 16_384, 1e-6, true),
                    new Expert(1024, 4096),
                    32,
                    32,
                    actions,
                    50,
                    10,
                    false);
        }

        /** SmolVLA: 450,046,176 parameters, of which 99,880,992 are learned. */
        public static Config smolVla(int cameras, int actions) {
            return new Config(
                    Style.SMOLVLA,
                    new Vision(SiglipVision.Config.base16(), cameras, 4),
                    new Language(49_280, 960, 16, 15, 5, 64, 2560, 1e-5, false),
                    new Expert(720, 2048),
                    32,
                    32,
                    actions,
                    50,
                    10,
                    true);
        }

        /**
         * Small enough to be trained on a few cores: images of 96, bytes as tokens, chunks of 16.
         */
        public static Config nano(int cameras, int state, int actions) {
            return new Config(
                    Style.PI0,
                    new Vision(new SiglipVision.Config(96, 8, 4, 4, 128, 256), cameras, 1),
                    new Language(256, 128, 4, 4, 2, 32, 256, 1e-6, false),
                    new Expert(96, 192),
                    state,
                    actions,
                    actions,
                    16,
                    10,
                    true);
        }

        public Config withStyle(Style value) {
            return new Config(
                    value,
                    vision,
                    language,
                    expert,
                    stateSlots,
                    actionSlots,
                    actions,
                    chunk,
                    steps,
                    masksPadding);
        }

        public Config withVision(Vision value) {
            return new Config(
                    style,
                    value,
                    language,
                    expert,
                    stateSlots,
                    actionSlots,
                    actions,
                    chunk,
                    steps,
                    masksPadding);
        }

        public Config withSteps(int value) {
            return new Config(
                    style,
                    vision,
                    language,
                    expert,
                    stateSlots,
                    actionSlots,
                    actions,
                    chunk,
                    value,
                    masksPadding);
        }

        public VlaPolicy build(Key key) {
            return new VlaPolicy(this, key);
        }
    }

    private final Config config;
    private final SiglipVision vision;
    private final Linear connector;
    private final Embedding words;
    private final TwoExperts experts;
    private final SinusoidalEmbedding times;
    private final Linear stateIn;
    private final Linear actionIn;
    private final Linear actionOut;
    private final Linear timeIn;
    private final Linear timeOut;

    private VlaPolicy(Config config, Key key) {
        this.config = config;
        int width = config.language().width();
        int acting = config.expert().width();
        vision = config.vision().encoder().build(key.fold(0));
        int shuffled = config.vision().shuffle() * config.vision().shuffle();
        boolean isPi0 = config.style() == Style.PI0;
        connector =
                new Linear(
                        (long) config.vision().encoder().width() * shuffled,
                        width,
                        isPi0,
                        key.fold(1));
        words = new Embedding(config.language().vocabulary(), width, key.fold(2));
        experts = new TwoExperts(config, key.fold(3));
        times = SinusoidalEmbedding.ofPeriods(acting, SHORTEST_PERIOD, LONGEST_PERIOD);
        stateIn = new Linear(config.stateSlots(), isPi0 ? acting : width, key.fold(4));
        actionIn = new Linear(config.actionSlots(), acting, key.fold(5));
        actionOut = new Linear(acting, config.actionSlots(), key.fold(6));
        timeIn = new Linear(2L * acting, acting, key.fold(7));
        timeOut = new Linear(acting, acting, key.fold(8));
        Branch model = isPi0 ? pi0Names() : smolVlaNames(key.fold(9));
        child(
                "model",
                model.with("state_proj", stateIn)
                        .with("action_in_proj", actionIn)
                        .with("action_out_proj", actionOut)
                        .with("action_time_mlp_in", timeIn)
                        .with("action_time_mlp_out", timeOut));
    }

    private Branch pi0Names() {
        Branch language =
                Branch.of("vision_tower", Branch.of("vision_model", vision))
                        .with("multi_modal_projector", Branch.of("linear", connector))
                        .with(
                                "language_model",
                                Branch.of("embed_tokens", words)
                                        .with("layers", experts.readers())
                                        .with("norm", experts.readerNorm()));
        Branch acting = Branch.of("layers", experts.actors()).with("norm", experts.actorNorm());
        return Branch.of(
                "paligemma_with_expert",
                Branch.of("paligemma", Branch.of("model", language))
                        .with("gemma_expert", Branch.of("model", acting)));
    }

    private Branch smolVlaNames(Key key) {
        int width = config.language().width();
        Branch language =
                Branch.of("vision_model", vision)
                        .with(
                                "connector",
                                Branch.of("modality_projection", Branch.of("proj", connector)))
                        .with(
                                "text_model",
                                Branch.of("embed_tokens", words)
                                        .with("layers", experts.readers())
                                        .with("norm", experts.readerNorm()));
        // The head that tells the next word is in the checkpoints, and has no use here.
        Linear head = new Linear(width, config.language().vocabulary(), false, key);
        return Branch.of(
                "vlm_with_expert",
                Branch.of("vlm", Branch.of("model", language).with("lm_head", head))
                        .with(
                                "lm_expert",
                                Branch.of("layers", experts.actors())
                                        .with("norm", experts.actorNorm())));
    }

    public Config config() {
        return config;
    }

    /**
     * The parameters of the expert and the projections, by their names: what SmolVLA learns, while
     * the model of vision and language stays as it is.
     */
    public SequencedMap<String, Parameter> actingParameters() {
        SequencedMap<String, Parameter> acting = new LinkedHashMap<>();
        namedParameters()
                .forEach(
                        (name, parameter) -> {
                            boolean reads =
                                    name.startsWith("model.vlm_with_expert.vlm.")
                                            || name.startsWith(
                                                    "model.paligemma_with_expert.paligemma.");
                            if (!reads) {
                                acting.put(name, parameter);
                            }
                        });
        return acting;
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

    // ---- learning ----

    @Override
    public Tensor loss(
            Observations observations, Tensor actions, @Nullable Tensor padding, Key key) {
        DType dtype = actions.dtype();
        long count = actions.extent(0);
        Tensor noise =
                Random.normal(key.fold(0), dtype, count, config.chunk(), config.actionSlots());
        // Beta(1.5, 1), and never quite at the actions.
        Tensor beta = Random.uniform(key.fold(1), dtype, count).pow(1 / 1.5);
        Tensor times = beta.mul(1 - LEAST_TIME).add(LEAST_TIME);
        return loss(observations, actions, padding, noise, times);
    }

    /**
     * The loss for given draws.
     *
     * @param noise {@code [n, chunk, action slots]}
     * @param times {@code [n]}, 1 for noise and 0 for actions
     */
    public Tensor loss(
            Observations observations,
            Tensor actions,
            @Nullable Tensor padding,
            Tensor noise,
            Tensor times) {
        if (actions.rank() != 3
                || actions.extent(1) != config.chunk()
                || actions.extent(2) != config.actions()) {
            throw new IllegalArgumentException(
                    "%s: chunks must be [n,%d,%d], and are %s"
                            .formatted(NAME, config.chunk(), config.actions(), actions.type()));
        }
        Tensor filled = filled(actions, config.actionSlots());
        Tensor velocity = noise.sub(filled);
        Tensor noisy = filled.add(times.reshape(times.extent(0), 1, 1).mul(velocity));
        Tensor predicted = velocity(observations, noisy, times);
        Tensor errors =
                Losses.mse(
                        predicted.slice(2, 0, config.actions()),
                        velocity.slice(2, 0, config.actions()),
                        Reduction.NONE);
        return Chunks.mean(errors, config.masksPadding() ? padding : null);
    }

    /** What the network says of noisy actions, reading prefix and actions in one pass. */
    Tensor velocity(Observations observations, Tensor noisy, Tensor times) {
        Tensor acted = experts.together(prefix(observations), suffix(observations, noisy, times));
        return said(acted);
    }

    private Tensor said(Tensor acted) {
        long length = acted.extent(1);
        return actionOut.apply(acted.slice(1, length - config.chunk(), length));
    }

    // ---- acting ----

    @Override
    public Tensor sample(Observations observations, Key key) {
        Tensor any = observations.anything();
        return sample(
                observations,
                Random.normal(
                        key, any.dtype(), any.extent(0), config.chunk(), config.actionSlots()));
    }

    /** Chunks that begin as {@code noise [n, chunk, action slots]}. */
    public Tensor sample(Observations observations, Tensor noise) {
        return sample(observations, noise, null);
    }

    /**
     * What is left of the chunk that is being carried out, to which a new one is bound.
     *
     * @param actions {@code [n, chunk, action slots]}, normalized, the last repeated to the end
     * @param weights of each action of the new chunk, as {@link RealTimeChunking#prefixWeights}
     * @param guidance how they bind
     */
    public record Binding(Tensor actions, double[] weights, FlowGuidance guidance) {}

    /** As above, bound to what is left of another chunk, if there is something. */
    public Tensor sample(Observations observations, Tensor noise, @Nullable Binding binding) {
        try (TensorScope scope = TensorScope.open()) {
            TwoExperts.Memory memory = Autograd.noGrad(() -> experts.read(prefix(observations)));
            Tensor x = noise;
            for (int step = 0; step < config.steps(); step++) {
                double time = 1 - step / (double) config.steps();
                x = advance(observations, memory, x, time, binding);
            }
            return scope.keep(x.slice(2, 0, config.actions()).contiguous());
        }
    }

    private Tensor advance(
            Observations observations,
            TwoExperts.Memory memory,
            Tensor x,
            double time,
            @Nullable Binding binding) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor velocity =
                    binding == null
                            ? Autograd.noGrad(() -> velocity(observations, memory, x, time))
                            : bound(observations, memory, x, time, binding);
            return scope.keep(x.sub(velocity.mul(1.0 / config.steps())));
        }
    }

    private Tensor bound(
            Observations observations,
            TwoExperts.Memory memory,
            Tensor x,
            double time,
            Binding binding) {
        double[] values = binding.weights();
        return binding.guidance()
                .guided(
                        noisy -> velocity(observations, memory, noisy, time),
                        x,
                        time,
                        binding.actions(),
                        Tensor.of(values, values.length).cast(x.dtype()).reshape(-1, 1));
    }

    /** What the network says of noisy actions, having read the prefix before. */
    private Tensor velocity(
            Observations observations, TwoExperts.Memory memory, Tensor noisy, double time) {
        Tensor times = Tensor.full(noisy.dtype(), Shape.of(noisy.extent(0)), time);
        return said(experts.act(memory, suffix(observations, noisy, times)));
    }

    /** What {@link #velocity(Observations, Tensor, Tensor)} says, by way of a memory. */
    Tensor velocityOfMemory(Observations observations, Tensor noisy, double time) {
        return velocity(observations, experts.read(prefix(observations)), noisy, time);
    }

    // ---- tokens ----

    private TwoExperts.Tokens prefix(Observations observations) {
        double scale = Math.sqrt(config.language().width());
        boolean isPi0 = config.style() == Style.PI0;
        List<Tensor> tokens = new ArrayList<>();
        List<Tensor> valid = new ArrayList<>();
        long count = observations.count();
        for (Tensor image : observations.requiredImages(NAME, config.vision().cameras())) {
            Tensor seen = connector.apply(shuffled(vision.apply(image)));
            tokens.add(isPi0 ? seen : seen.mul(scale));
            valid.add(Tensor.ones(DType.BOOL, count, seen.extent(1)));
        }
        Observations.Instruction instruction = observations.instruction();
        if (instruction != null) {
            tokens.add(words.apply(instruction.tokens()).mul(scale));
            valid.add(instruction.valid());
        }
        int length = (int) valid.stream().mapToLong(each -> each.extent(1)).sum();
        if (!isPi0) {
            tokens.add(state(observations));
            valid.add(Tensor.ones(DType.BOOL, count, 1));
            length++;
        }
        boolean[] begins = new boolean[length];
        begins[length - 1] = !isPi0;
        return new TwoExperts.Tokens(joined(tokens), joined(valid), begins);
    }

    /** Patches that are neighbours in one token. */
    private Tensor shuffled(Tensor patches) {
        int factor = config.vision().shuffle();
        if (factor == 1) {
            return patches;
        }
        long side = Math.round(Math.sqrt(patches.extent(1)));
        long width = patches.extent(2);
        return patches.reshape(
                        patches.extent(0), side / factor, factor, side / factor, factor, width)
                .permute(0, 1, 3, 2, 4, 5)
                .reshape(patches.extent(0), config.vision().tokens(), factor * factor * width);
    }

    private Tensor state(Observations observations) {
        Tensor state = filled(observations.requiredState(NAME), config.stateSlots());
        return stateIn.apply(state).unsqueeze(1);
    }

    private TwoExperts.Tokens suffix(Observations observations, Tensor noisy, Tensor times) {
        Tensor actions = actionIn.apply(noisy);
        Tensor when = this.times.apply(times).unsqueeze(1).expand(actions.shape());
        Tensor timed = timeOut.apply(timeIn.apply(Tensor.concat(-1, actions, when)).silu());
        boolean isPi0 = config.style() == Style.PI0;
        Tensor tokens = isPi0 ? Tensor.concat(1, state(observations), timed) : timed;
        boolean[] begins = new boolean[Math.toIntExact(tokens.extent(1))];
        if (isPi0) {
            begins[0] = true;
            begins[1] = true;
        } else {
            Arrays.fill(begins, true);
        }
        Tensor valid = Tensor.ones(DType.BOOL, tokens.extent(0), tokens.extent(1));
        return new TwoExperts.Tokens(tokens, valid, begins);
    }

    /** The last dimension filled up with zeros. */
    private static Tensor filled(Tensor x, int slots) {
        long width = x.extent(-1);
        if (width > slots) {
            throw new IllegalArgumentException(
                    "%s: %d numbers in %d slots: %s".formatted(NAME, width, slots, x.type()));
        }
        return width == slots ? x : x.pad(x.rank() - 1, 0, slots - width, 0);
    }

    private static Tensor joined(List<Tensor> parts) {
        return Tensor.concat(1, parts.toArray(Tensor[]::new));
    }
}
