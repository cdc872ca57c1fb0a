package dev.ugoki.embodied.train;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.ParameterGroup;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;
import dev.ugoki.tensor.io.WholeFolder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * A checkpoint on disk, in LeRobot's layout.
 *
 * <pre>
 * pretrained_model/               what using the policy takes
 *     model.safetensors, ...      written by the task, with the moving averages as weights
 *     train_config.json           the settings
 * training_state/                 what going on takes
 *     training_step.json          the step, and where in which epoch
 *     model.safetensors           the weights themselves
 *     optimizer_state.safetensors, optimizer_param_groups.json, scheduler_state.json
 *     rng_state.safetensors       the key of the run: draws are counted from it by step
 *     ema_state.safetensors       the moving averages
 * </pre>
 *
 * <p>LeRobot keeps the weights themselves in pretrained_model and the averages beside; here whoever
 * loads the policy gets the averages without having to know.
 */
final class Checkpoint {
    static final String PRETRAINED = "pretrained_model";
    private static final String STATE = "training_state";
    private static final String SETTINGS = "train_config.json";
    private static final String STEP = "training_step.json";
    private static final String WEIGHTS = "model.safetensors";
    private static final String OPTIMIZER = "optimizer_state.safetensors";
    private static final String GROUPS = "optimizer_param_groups.json";
    private static final String SCHEDULER = "scheduler_state.json";
    private static final String RANDOM = "rng_state.safetensors";
    private static final String AVERAGE = "ema_state.safetensors";
    private static final String KEY = "ugoki_key";

    private Checkpoint() {}

    /** What going on takes. */
    record State(
            TrainingSettings settings,
            long step,
            String fingerprint,
            Map<String, HostArray> weights,
            Map<String, HostArray> optimizer,
            Map<String, HostArray> average) {}

    static void write(
            Path folder,
            State state,
            TrainingTask task,
            Map<String, HostArray> averages,
            Trainer trainer)
            throws IOException {
        WholeFolder.write(
                folder,
                inside -> {
                    Path pretrained = Files.createDirectory(inside.resolve(PRETRAINED));
                    task.savePretrained(pretrained, averages);
                    state.settings().write(pretrained.resolve(SETTINGS));
                    Path training = Files.createDirectory(inside.resolve(STATE));
                    writeState(training, state, trainer);
                });
    }

    private static void writeState(Path folder, State state, Trainer trainer) throws IOException {
        ObjectNode step = Json.object();
        step.put("step", state.step()).put("dp_world_size", 1);
        step.put("batch_size", state.settings().batchSize())
                .put("grad_accum_steps", state.settings().compute().accumulation());
        step.put("epoch", trainer.epoch()).put("epoch_offset", trainer.offset());
        step.put("data_fingerprint", state.fingerprint());
        Json.write(folder.resolve(STEP), step);
        SafetensorsFile.write(folder.resolve(WEIGHTS), state.weights());
        SafetensorsFile.write(folder.resolve(OPTIMIZER), state.optimizer());
        Json.write(folder.resolve(GROUPS), groups(state.settings(), trainer));
        Json.write(folder.resolve(SCHEDULER), scheduler(state.settings(), trainer));
        SafetensorsFile.write(
                folder.resolve(RANDOM),
                Map.of(KEY, HostArray.of(Shape.of(4), trainer.key().words())));
        SafetensorsFile.write(folder.resolve(AVERAGE), state.average());
    }

    private static ArrayNode groups(TrainingSettings settings, Trainer trainer) {
        AdamW adam = settings.optimizer();
        ArrayNode groups = Json.object().putArray("groups");
        int parameter = 0;
        for (ParameterGroup group : trainer.optimizer().groups()) {
            ObjectNode node = groups.addObject();
            node.put("lr", trainer.learningRate()).put("initial_lr", adam.learningRate());
            node.putArray("betas").add(adam.beta1()).add(adam.beta2());
            node.put("eps", adam.epsilon()).put("weight_decay", adam.weightDecay());
            ArrayNode numbers = node.putArray("params");
            ArrayNode names = node.putArray("param_names");
            for (String name : group.parameters().keySet()) {
                numbers.add(parameter++);
                names.add(name);
            }
        }
        return groups;
    }

    private static ObjectNode scheduler(TrainingSettings settings, Trainer trainer) {
        ObjectNode node = Json.object();
        node.put("type", TrainingSettings.SCHEDULE);
        node.put("num_warmup_steps", settings.warmupSteps());
        node.put("num_decay_steps", settings.decaySteps());
        node.put("num_training_steps", settings.steps()).put("last_epoch", trainer.stepCount());
        node.putArray("base_lrs").add(settings.optimizer().learningRate());
        node.putArray("_last_lr").add(trainer.learningRate());
        return node;
    }

    /**
     * Reads what {@link #write} wrote. What is there only for other readers (param groups,
     * scheduler) follows from the settings and is not read.
     */
    static State read(Path folder) throws IOException {
        TrainingSettings settings =
                TrainingSettings.read(folder.resolve(PRETRAINED).resolve(SETTINGS));
        Path training = folder.resolve(STATE);
        JsonSettings json = Json.read(training.resolve(STEP));
        long step = json.integer("step", 0, settings.steps());
        String fingerprint = json.text("data_fingerprint");
        if (json.integer("batch_size", 1, Integer.MAX_VALUE) != settings.batchSize()) {
            throw json.wrong("batch_size", "is not that of " + SETTINGS);
        }
        json.integer("dp_world_size", 1, 1);
        int accumulation = settings.compute().accumulation();
        json.integer("grad_accum_steps", accumulation, accumulation);
        json.integer("epoch", 0, Long.MAX_VALUE);
        json.integer("epoch_offset", 0, Integer.MAX_VALUE);
        json.done();
        checkKey(training.resolve(RANDOM), settings);
        return new State(
                settings,
                step,
                fingerprint,
                SafetensorsFile.read(training.resolve(WEIGHTS)),
                SafetensorsFile.read(training.resolve(OPTIMIZER)),
                SafetensorsFile.read(training.resolve(AVERAGE)));
    }

    private static void checkKey(Path file, TrainingSettings settings) throws IOException {
        try (SafetensorsFile random = SafetensorsFile.open(file)) {
            int[] words = random.array(KEY).toInts();
            int[] expected = dev.ugoki.tensor.Key.of(settings.seed()).words();
            if (!Arrays.equals(words, expected)) {
                throw new FileFormatException(
                        file, "holds a key that does not follow from the seed " + settings.seed());
            }
        }
    }
}
