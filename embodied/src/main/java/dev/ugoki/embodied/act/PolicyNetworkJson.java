package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.Backbone;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.DiffusionSampler;
import dev.ugoki.nn.policy.VisualDiffusionPolicy;
import dev.ugoki.tensor.io.FileFormatException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The settings of networks as they stand in {@code config.json}. */
final class PolicyNetworkJson {
    /** No size of a network is larger. */
    private static final int MOST = 1 << 20;

    private PolicyNetworkJson() {}

    /** Puts the settings into a configuration. */
    static void write(PolicyNetwork network, ObjectNode root) {
        switch (network) {
            case PolicyNetwork.Act act -> write(act, root);
            case PolicyNetwork.Diffusion diffusion -> write(diffusion, root);
            case PolicyNetwork.Chunk chunk -> write(chunk, root);
        }
    }

    private static void write(PolicyNetwork.Chunk chunk, ObjectNode root) {
        root.put("horizon", chunk.chunkLength());
        NetworkJson.write(chunk.head(), root.putObject("network"));
        chunk.vision()
                .ifPresent(
                        vision -> {
                            ObjectNode node = root.putObject("vision");
                            ArrayNode channels = node.putArray("channels");
                            vision.channels().forEach(channels::add);
                            node.put("keypoints", vision.keypoints());
                            node.put("auxiliary_width", vision.auxiliaryWidth());
                            node.put("auxiliary_weight", vision.auxiliaryWeight());
                        });
    }

    private static PolicyNetwork.Chunk readChunk(JsonSettings json) throws IOException {
        JsonSettings head = json.object("network");
        NetworkConfig network = NetworkJson.read(head);
        head.done();
        Optional<ConditionedPolicy.Vision> vision = Optional.empty();
        if (json.has("vision")) {
            JsonSettings node = json.object("vision");
            vision =
                    Optional.of(
                            new ConditionedPolicy.Vision(
                                    node.integers("channels", 1, MOST).stream()
                                            .map(Math::toIntExact)
                                            .toList(),
                                    size(node, "keypoints"),
                                    (int) node.integer("auxiliary_width", 0, MOST),
                                    node.number("auxiliary_weight")));
            node.done();
        }
        json.skip("vision");
        return new PolicyNetwork.Chunk(
                size(json, "n_obs_steps"), size(json, "horizon"), network, vision);
    }

    /** Takes the settings of a network; the caller checks that nothing is left. */
    static PolicyNetwork read(JsonSettings json) throws IOException {
        String type = json.text("type");
        return switch (type) {
            case "act" -> readAct(json);
            case "diffusion" -> readDiffusion(json);
            case PolicyNetwork.Chunk.TYPE -> readChunk(json);
            default ->
                    throw json.wrong(
                            "type",
                            "is '%s'; known are 'act', 'diffusion' and '%s'"
                                    .formatted(type, PolicyNetwork.Chunk.TYPE));
        };
    }

    /** A network with some settings replaced; those of a head are named without it. */
    static PolicyNetwork overlay(PolicyNetwork network, String settings) throws IOException {
        Path source = Path.of("network");
        ObjectNode root = Json.object();
        root.put("type", network.type()).put("n_obs_steps", network.observationSteps());
        write(network, root);
        ObjectNode given = Json.parseLine(settings);
        JsonSettings checked = JsonSettings.of(source, given);
        JsonNode head = root.path("network");
        root.fieldNames().forEachRemaining(checked::skip);
        head.fieldNames().forEachRemaining(checked::skip);
        checked.done();
        given.fieldNames()
                .forEachRemaining(
                        name -> {
                            boolean inHead = head.has(name);
                            ((ObjectNode) (inHead ? head : root)).set(name, given.get(name));
                        });
        JsonSettings merged = JsonSettings.of(source, root);
        try {
            PolicyNetwork read = read(merged);
            merged.done();
            return read;
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(source, String.valueOf(problem.getMessage()));
        }
    }

    private static void write(PolicyNetwork.Act act, ObjectNode root) {
        ActPolicy.Layers layers = act.layers();
        ActPolicy.Vae vae = act.vae();
        root.put("chunk_size", act.chunkLength());
        root.put("vision_backbone", act.backbone().publicName());
        root.put("replace_final_stride_with_dilation", false);
        root.put("pre_norm", layers.normalizesFirst());
        root.put("dim_model", layers.width()).put("n_heads", layers.heads());
        root.put("dim_feedforward", layers.feedForward());
        String activation = layers.activation().name().toLowerCase(Locale.ROOT);
        root.put("feedforward_activation", activation);
        root.put("n_encoder_layers", layers.encoders());
        root.put("n_decoder_layers", layers.decoders());
        root.put("use_vae", vae.used()).put("latent_dim", vae.latent());
        root.put("n_vae_encoder_layers", vae.layers());
        root.put("temporal_ensemble_coeff", act.ensembleCoefficient());
        root.put("dropout", layers.dropout()).put("kl_weight", vae.weight());
    }

    private static PolicyNetwork.Act readAct(JsonSettings json) throws IOException {
        json.integer("n_obs_steps", 1, 1);
        if (json.flag("replace_final_stride_with_dilation", false)) {
            throw json.wrong(
                    "replace_final_stride_with_dilation",
                    "is true; backbones with dilation are not supported");
        }
        ActPolicy.Nonlinearity activation =
                switch (json.text("feedforward_activation", "relu")) {
                    case "relu" -> ActPolicy.Nonlinearity.RELU;
                    case "gelu" -> ActPolicy.Nonlinearity.GELU;
                    default ->
                            throw json.wrong(
                                    "feedforward_activation",
                                    "is '%s'; known are 'relu' and 'gelu'"
                                            .formatted(json.text("feedforward_activation")));
                };
        ActPolicy.Layers layers =
                new ActPolicy.Layers(
                        size(json, "dim_model"),
                        size(json, "n_heads"),
                        size(json, "dim_feedforward"),
                        activation,
                        size(json, "n_encoder_layers"),
                        size(json, "n_decoder_layers"),
                        json.flag("pre_norm", false),
                        json.number("dropout", 0.1));
        ActPolicy.Vae vae =
                new ActPolicy.Vae(
                        json.flag("use_vae"),
                        size(json, "latent_dim"),
                        size(json, "n_vae_encoder_layers"),
                        json.number("kl_weight", 10));
        Double coefficient =
                json.has("temporal_ensemble_coeff") ? json.number("temporal_ensemble_coeff") : null;
        json.skip("temporal_ensemble_coeff");
        return new PolicyNetwork.Act(
                size(json, "chunk_size"), layers, vae, backbone(json), coefficient);
    }

    private static void write(PolicyNetwork.Diffusion policy, ObjectNode root) {
        VisualDiffusionPolicy.Unet unet = policy.unet();
        PolicyNetwork.Diffusion.Noise noise = policy.noise();
        root.put("horizon", policy.chunkLength());
        root.put("vision_backbone", policy.backbone().publicName());
        if (policy.cropShape().isEmpty()) {
            root.putNull("crop_shape");
        } else {
            root.putArray("crop_shape")
                    .add(policy.cropShape().get(0))
                    .add(policy.cropShape().get(1));
        }
        root.put("crop_is_random", policy.cropsAtRandom())
                .put("use_group_norm", policy.normalizesGroups());
        root.put("spatial_softmax_num_keypoints", policy.keypoints());
        root.put("use_separate_rgb_encoder_per_camera", policy.encoderPerCamera());
        ArrayNode channels = root.putArray("down_dims");
        unet.channels().forEach(channels::add);
        root.put("kernel_size", unet.kernel()).put("n_groups", unet.groups());
        root.put("diffusion_step_embed_dim", unet.stepWidth());
        root.put("use_film_scale_modulation", unet.modulatesScale());
        root.put("noise_scheduler_type", noise.kind().name());
        root.put("num_train_timesteps", noise.trainingSteps());
        root.put("beta_schedule", noise.schedule());
        root.put("beta_start", noise.firstBeta()).put("beta_end", noise.lastBeta());
        boolean isNoise = noise.prediction() == DiffusionSampler.Prediction.NOISE;
        root.put("prediction_type", isNoise ? "epsilon" : "sample");
        boolean clips = noise.clip() < Double.POSITIVE_INFINITY;
        root.put("clip_sample", clips).put("clip_sample_range", clips ? noise.clip() : 1);
        root.put("num_inference_steps", policy.inferenceSteps());
        root.put("do_mask_loss_for_padding", policy.masksPadding());
    }

    private static PolicyNetwork.Diffusion readDiffusion(JsonSettings json) throws IOException {
        for (String name : List.of("resize_shape", "crop_ratio")) {
            boolean isOne = name.equals("crop_ratio") && json.has(name) && json.number(name) == 1;
            if (json.has(name) && !isOne) {
                throw json.wrong(name, "is not supported");
            }
            json.skip(name);
        }
        List<Integer> crop = List.of();
        if (json.has("crop_shape")) {
            crop = json.integers("crop_shape", 1, MOST).stream().map(Math::toIntExact).toList();
            if (crop.size() != 2) {
                throw json.wrong("crop_shape", "must be rows and columns");
            }
        }
        json.skip("crop_shape");
        VisualDiffusionPolicy.Unet unet =
                new VisualDiffusionPolicy.Unet(
                        json.integers("down_dims", 1, MOST).stream().map(Math::toIntExact).toList(),
                        size(json, "kernel_size"),
                        size(json, "n_groups"),
                        size(json, "diffusion_step_embed_dim"),
                        json.flag("use_film_scale_modulation"));
        Integer steps = json.has("num_inference_steps") ? size(json, "num_inference_steps") : null;
        json.skip("num_inference_steps");
        return new PolicyNetwork.Diffusion(
                size(json, "n_obs_steps"),
                size(json, "horizon"),
                crop,
                json.flag("crop_is_random", true),
                json.flag("use_group_norm", true),
                (int) json.integer("spatial_softmax_num_keypoints", 1, MOST, 32),
                json.flag("use_separate_rgb_encoder_per_camera", false),
                backbone(json),
                unet,
                readNoise(json),
                steps,
                json.flag("do_mask_loss_for_padding", false));
    }

    private static PolicyNetwork.Diffusion.Noise readNoise(JsonSettings json) throws IOException {
        DiffusionSampler.Kind kind =
                switch (json.text("noise_scheduler_type")) {
                    case "DDPM" -> DiffusionSampler.Kind.DDPM;
                    case "DDIM" -> DiffusionSampler.Kind.DDIM;
                    default ->
                            throw json.wrong(
                                    "noise_scheduler_type",
                                    "is '%s'; known are 'DDPM' and 'DDIM'"
                                            .formatted(json.text("noise_scheduler_type")));
                };
        String schedule = json.text("beta_schedule");
        if (!List.of("squaredcos_cap_v2", "linear").contains(schedule)) {
            throw json.wrong(
                    "beta_schedule",
                    "is '%s'; known are 'squaredcos_cap_v2' and 'linear'".formatted(schedule));
        }
        DiffusionSampler.Prediction prediction =
                switch (json.text("prediction_type")) {
                    case "epsilon" -> DiffusionSampler.Prediction.NOISE;
                    case "sample" -> DiffusionSampler.Prediction.ACTIONS;
                    default ->
                            throw json.wrong(
                                    "prediction_type",
                                    "is '%s'; known are 'epsilon' and 'sample'"
                                            .formatted(json.text("prediction_type")));
                };
        double range = json.number("clip_sample_range", 1);
        return new PolicyNetwork.Diffusion.Noise(
                kind,
                size(json, "num_train_timesteps"),
                schedule,
                json.number("beta_start", 0.0001),
                json.number("beta_end", 0.02),
                prediction,
                json.flag("clip_sample", true) ? range : Double.POSITIVE_INFINITY);
    }

    private static Backbone backbone(JsonSettings json) throws IOException {
        String name = json.text("vision_backbone", Backbone.RESNET18.publicName());
        return Backbone.ofPublicName(name)
                .orElseThrow(
                        () ->
                                json.wrong(
                                        "vision_backbone",
                                        "is '%s'; known are %s"
                                                .formatted(
                                                        name,
                                                        Arrays.stream(Backbone.values())
                                                                .map(Backbone::publicName)
                                                                .toList())));
    }

    private static int size(JsonSettings json, String name) throws IOException {
        return (int) json.integer(name, 1, MOST);
    }
}
