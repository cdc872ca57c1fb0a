package dev.ugoki.examples.models;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.layer.SinusoidalEmbedding;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.Backbone;
import dev.ugoki.nn.policy.BlockAttentionMask;
import dev.ugoki.nn.policy.CosineTransform;
import dev.ugoki.nn.policy.DiffusionSampler;
import dev.ugoki.nn.policy.GaussianMixture;
import dev.ugoki.nn.policy.NoiseSchedule;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.nn.policy.RealTimeChunking;
import dev.ugoki.nn.policy.TemporalEnsembler;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tck.conformance.CaseSettings;
import dev.ugoki.tck.conformance.ModelCase;
import dev.ugoki.tck.conformance.ModelKind;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** Policies of robots and their parts. A policy's loss is its own. */
final class PolicyKinds {
    /** Of first values, which a case replaces. */
    private static final Key KEY = Key.of(0);

    private PolicyKinds() {}

    static Map<String, ModelKind> table() {
        Map<String, ModelKind> table = new LinkedHashMap<>();
        table.put("LeRobotACT", PolicyKinds::act);
        table.put("LeRobotDiffusion", PolicyKinds::diffusion);
        table.put("FlowTimeEmbedding", PolicyKinds::flowTimeEmbedding);
        table.put("BlockAttentionMask", PolicyKinds::blockAttentionMask);
        table.put("RtcPrefixWeights", PolicyKinds::prefixWeights);
        table.put("GaussianMixtureNll", PolicyKinds::gaussianMixture);
        table.put("DctOrthonormal", PolicyKinds::cosineTransform);
        table.put("TemporalEnsembler", PolicyKinds::temporalEnsembler);
        return table;
    }

    // ---- policies ----

    private static Observations observations(ModelCase given, List<String> cameras) {
        return new Observations(
                given.hasInput("observation.state") ? given.input("observation.state") : null,
                given.hasInput("observation.environment_state")
                        ? given.input("observation.environment_state")
                        : null,
                cameras.stream().map(given::input).toList(),
                null);
    }

    private static void act(ModelCase given) {
        CaseSettings config = given.config();
        if (config.flag("replace_final_stride_with_dilation", false)) {
            throw new UnsupportedOperationException("backbones with dilation");
        }
        List<String> cameras = config.texts("cameras");
        config.ignore("n_action_steps", "n_obs_steps", "imageSize", "temporal_ensemble_coeff");
        config.ignore("pretrained_backbone_weights");
        ActPolicy.Layers layers =
                new ActPolicy.Layers(
                        config.integer("dim_model"),
                        config.integer("n_heads"),
                        config.integer("dim_feedforward"),
                        ActPolicy.Nonlinearity.valueOf(
                                config.text("feedforward_activation").toUpperCase(Locale.ROOT)),
                        config.integer("n_encoder_layers"),
                        config.integer("n_decoder_layers"),
                        config.flag("pre_norm"),
                        config.number("dropout"));
        ActPolicy.Vae vae =
                new ActPolicy.Vae(
                        config.flag("use_vae"),
                        config.integer("latent_dim"),
                        config.integer("n_vae_encoder_layers"),
                        config.number("kl_weight"));
        ActPolicy policy =
                ActPolicy.Config.of(config.integer("stateDim", 0), config.integer("actionDim"))
                        .withEnvironment(config.integer("envStateDim", 0))
                        .withCameras(cameras.size())
                        .withChunk(config.integer("chunk_size"))
                        .withLayers(layers)
                        .withVae(vae)
                        .withBackbone(backbone(config))
                        .build(KEY);
        policy.load(given.parameters());
        Observations seen = observations(given, cameras);
        Supplier<ActPolicy.Loss> loss =
                () ->
                        policy.losses(
                                seen,
                                given.input("action"),
                                given.input("action_is_pad"),
                                given.input("latentNoise"));
        given.checkLoss(() -> loss.get().total(), policy.namedParameters());
        ActPolicy.Loss parts = loss.get();
        given.checkLossPart("l1_loss", parts.error());
        if (parts.divergence() != null) {
            given.checkLossPart("kld_loss", parts.divergence());
        }
        policy.eval();
        given.checkOutput("actionsEval", policy.sample(seen, KEY));
    }

    private static void diffusion(ModelCase given) {
        CaseSettings config = given.config();
        config.ignore("gradient_checkpointing", "compile_model", "compile_mode");
        config.ignore("pretrained_backbone_weights", "drop_n_last_frames");
        boolean sees = config.has("imageSize");
        List<String> cameras = sees ? cameras(given) : List.of();
        VisualDiffusionPolicy.Vision vision = VisualDiffusionPolicy.Vision.NONE;
        if (sees) {
            List<Integer> size = config.integers("imageSize");
            vision = VisualDiffusionPolicy.Vision.of(cameras.size(), size.get(0), size.get(1));
        }
        vision =
                vision.withKeypoints(config.integer("spatial_softmax_num_keypoints", 32))
                        .withNormalizedGroups(config.flag("use_group_norm"))
                        .withBackbone(backbone(config))
                        .withEncoderPerCamera(
                                config.flag("use_separate_rgb_encoder_per_camera", false));
        boolean cropsAtRandom = config.flag("crop_is_random", false);
        if (config.has("crop_shape") && sees) {
            List<Integer> crop = config.integers("crop_shape");
            vision = vision.withCrop(crop.get(0), crop.get(1), cropsAtRandom);
        }
        int steps = config.integer("n_obs_steps");
        VisualDiffusionPolicy policy =
                new VisualDiffusionPolicy.Config(
                                config.integer("stateDim", 0),
                                config.integer("envStateDim", 0),
                                config.integer("actionDim"),
                                steps,
                                config.integer("horizon"),
                                vision,
                                new VisualDiffusionPolicy.Unet(
                                        config.integers("down_dims"),
                                        config.integer("kernel_size"),
                                        config.integer("n_groups"),
                                        config.integer("diffusion_step_embed_dim"),
                                        config.flag("use_film_scale_modulation")),
                                sampler(config),
                                config.flag("do_mask_loss_for_padding", false))
                        .build(KEY);
        policy.module().load(given.parameters());
        Observations seen = observations(given, cameras);
        given.checkLoss(
                () ->
                        policy.loss(
                                seen,
                                given.input("action"),
                                given.input("action_is_pad"),
                                given.input("noise"),
                                given.input("timesteps")),
                policy.module().namedParameters());
        policy.module().eval();
        Tensor chunk = policy.sample(seen, given.input("startNoise"), stepNoises(given));
        int first = policy.firstAction();
        int count = config.integer("n_action_steps");
        given.checkOutput("actionsEval", chunk.slice(1, first, first + (long) count));
    }

    private static Backbone backbone(CaseSettings config) {
        String name = config.text("vision_backbone", "resnet18");
        return Backbone.ofPublicName(name)
                .orElseThrow(() -> new UnsupportedOperationException("backbone " + name));
    }

    /** The images by their names: {@code observation.image}, {@code observation.images.top}. */
    private static List<String> cameras(ModelCase given) {
        return given.inputNames().stream()
                .filter(name -> name.startsWith("observation.image"))
                .toList();
    }

    private static DiffusionSampler sampler(CaseSettings config) {
        int trained = config.integer("num_train_timesteps");
        double firstBeta = config.number("beta_start", 0.0001);
        double lastBeta = config.number("beta_end", 0.02);
        NoiseSchedule schedule =
                switch (config.text("beta_schedule")) {
                    case "squaredcos_cap_v2" -> NoiseSchedule.squaredCosine(trained);
                    case "linear" -> NoiseSchedule.linear(trained, firstBeta, lastBeta);
                    default ->
                            throw new UnsupportedOperationException(
                                    "beta_schedule " + config.text("beta_schedule"));
                };
        DiffusionSampler.Prediction prediction =
                switch (config.text("prediction_type")) {
                    case "epsilon" -> DiffusionSampler.Prediction.NOISE;
                    case "sample" -> DiffusionSampler.Prediction.ACTIONS;
                    default ->
                            throw new UnsupportedOperationException(
                                    "prediction_type " + config.text("prediction_type"));
                };
        double range = config.number("clip_sample_range", 1);
        return new DiffusionSampler(
                schedule,
                DiffusionSampler.Kind.valueOf(config.text("noise_scheduler_type")),
                config.integer("num_inference_steps", trained),
                prediction,
                config.flag("clip_sample", true) ? range : Double.POSITIVE_INFINITY);
    }

    private static Supplier<Tensor> stepNoises(ModelCase given) {
        if (!given.hasInput("stepNoises")) {
            return () -> {
                throw new IllegalStateException("the case has no noise for the steps");
            };
        }
        List<Tensor> each = new ArrayList<>(given.input("stepNoises").unbind(0));
        return each::removeFirst;
    }

    // ---- parts ----

    /**
     * The original took F64 times, and the file holds them rounded to F32: half a unit of what was
     * rounded turns the fastest wave by more than the tolerance. So each row is compared at that
     * time within the rounding of the stored one that fits the row best: one number for a whole row
     * of waves, which no wrong formula is helped by.
     */
    private static void flowTimeEmbedding(ModelCase given) {
        CaseSettings config = given.config();
        int width = config.integer("dim");
        double shortest = config.number("minPeriod");
        double longest = config.number("maxPeriod");
        SinusoidalEmbedding embedding = SinusoidalEmbedding.ofPeriods(width, shortest, longest);
        Tensor stored = given.input("time");
        double[] times = stored.toDoubleArray();
        double[] expected = given.output("embedding").toDoubles();
        for (int row = 0; row < times.length; row++) {
            double rounding = 0.5 * Math.ulp((float) times[row]);
            double move = move(times[row], expected, row * width, width, shortest, longest);
            times[row] += Math.clamp(move, -rounding, rounding);
        }
        Tensor unrounded = Tensor.of(times, stored.shape().toArray());
        given.checkOutput("embedding", embedding.apply(unrounded).cast(DType.F32));
    }

    /** The move of a time that brings {@code sin(t f), cos(t f)} nearest to a row: Gauss-Newton. */
    private static double move(
            double time, double[] expected, int start, int width, double shortest, double longest) {
        double along = 0;
        double squares = 0;
        for (int i = 0; i < width / 2; i++) {
            double part = width == 2 ? 0 : i / (width / 2 - 1.0);
            double frequency = 2 * Math.PI / (shortest * Math.pow(longest / shortest, part));
            double sine = Math.sin(time * frequency);
            double cosine = Math.cos(time * frequency);
            along += (expected[start + i] - sine) * frequency * cosine;
            along -= (expected[start + width / 2 + i] - cosine) * frequency * sine;
            squares += frequency * frequency;
        }
        return along / squares;
    }

    private static void blockAttentionMask(ModelCase given) {
        List<Integer> blocks = given.config().integers("attMask");
        boolean[] begins = new boolean[blocks.size()];
        for (int i = 0; i < begins.length; i++) {
            begins[i] = blocks.get(i) != 0;
        }
        given.checkOutput("mask", BlockAttentionMask.of(given.input("padMask"), begins));
    }

    private static void prefixWeights(ModelCase given) {
        CaseSettings config = given.config();
        double[] weights =
                RealTimeChunking.prefixWeights(
                        RealTimeChunking.Schedule.valueOf(config.text("schedule")),
                        config.integer("delay"),
                        config.integer("horizon"),
                        config.integer("chunk"));
        given.checkOutput("weights", Tensor.of(weights, weights.length).cast(DType.F32));
    }

    private static void gaussianMixture(ModelCase given) {
        given.config().require("std", "softplus(scale) + minStd");
        double least = given.config().number("minStd");
        Parameter logits = new Parameter(given.input("logits"));
        Parameter means = new Parameter(given.input("means"));
        Tensor scale = given.input("scale");
        Tensor values = given.input("y");
        var found =
                Autograd.valueAndGrad(
                        () ->
                                GaussianMixture.ofScales(
                                                logits.tensor(), means.tensor(), scale, least)
                                        .negativeLogLikelihood(values),
                        List.of(logits, means));
        given.checkOutput("nll", found.value());
        given.checkOutput("gradLogits", found.gradients().get(0));
        given.checkOutput("gradMeans", found.gradients().get(1));
    }

    private static void cosineTransform(ModelCase given) {
        int type = given.config().integer("type");
        int dim = given.config().integer("dim");
        Tensor x = given.input("x");
        Tensor y =
                switch (type) {
                    case 2 -> CosineTransform.forward(x, dim);
                    case 3 -> CosineTransform.inverse(x, dim);
                    default ->
                            throw new UnsupportedOperationException("a transform of type " + type);
                };
        given.checkOutput("y", y);
    }

    private static void temporalEnsembler(ModelCase given) {
        Tensor chunks = given.input("chunks");
        int length = given.config().integer("chunkSize");
        int batch = Math.toIntExact(chunks.extent(1));
        int width = Math.toIntExact(chunks.extent(3));
        // Samples of a batch are dimensions of one action: each is averaged on its own.
        TemporalEnsembler ensembler =
                new TemporalEnsembler(given.config().number("coefficient"), length, batch * width);
        List<Tensor> actions = new ArrayList<>();
        for (Tensor chunk : chunks.unbind(0)) {
            float[] predicted = chunk.permute(1, 0, 2).contiguous().toFloatArray();
            actions.add(Tensor.of(ensembler.next(predicted), batch, width));
        }
        given.checkOutput("actions", Tensor.stack(0, actions.toArray(Tensor[]::new)));
    }
}
