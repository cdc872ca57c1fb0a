package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.nn.Precision;
import dev.ugoki.nn.policy.RegressionPolicy;
import dev.ugoki.nn.vision.ImageAugmentation;
import dev.ugoki.tensor.io.FileFormatException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class TrainingConfigTest {
    @TempDir private Path folder;

    private TrainingConfig read(String text) throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, text);
        return TrainingConfig.read(file);
    }

    @Test
    void everythingThatIsSaidIsDone() throws IOException {
        TrainingConfig config =
                read(
                        """
                        {
                          "policy": "l1", "data": "some/folder", "minutes": 2.5, "seed": 9,
                          "batch_size": 64, "grad_accum_steps": 4, "precision": "bf16",
                          "gradient_checkpointing": true, "log_freq": 3, "save_freq": 5,
                          "optimizer": {"lr": 0.5, "betas": [0.8, 0.9], "eps": 1e-6,
                                        "weight_decay": 0.1, "grad_clip_norm": 7},
                          "scheduler": {"num_warmup_steps": 11, "decay_share": 0.25},
                          "ema": {"power": 0.6, "max_decay": 0.99},
                          "network": {"width": 32, "dropout": 0.2, "num_hypotheses": 3},
                          "observation_noise": 0.03, "origin_noise": 0.2, "mirror": false, "validation_episodes": 2,
                          "augmentation": {"crop": 0.1, "shift": 4, "brightness": 0.2}
                        }
                        """);
        TrainingSettings settings =
                config.withSteps(config.settings(TrainingSettings.DEFAULT), 100);
        assertEquals(9, settings.seed());
        assertEquals(64, settings.batchSize());
        assertEquals(new TrainingSettings.Compute(Precision.BF16, 4, true), settings.compute());
        assertEquals(0.5, settings.optimizer().learningRate());
        assertEquals(0.8, settings.optimizer().beta1());
        assertEquals(0.9, settings.optimizer().beta2());
        assertEquals(1e-6, settings.optimizer().epsilon());
        assertEquals(0.1, settings.optimizer().weightDecay());
        assertEquals(7, settings.gradientClip());
        assertEquals(11, settings.warmupSteps());
        assertEquals(25, settings.decaySteps());
        assertEquals(0.6, settings.averagePower());
        assertEquals(0.99, settings.averageMost());
        assertEquals(3, settings.logEvery());
        assertEquals(5, settings.saveEvery());
        assertEquals(Optional.of("l1"), config.policy());
        assertEquals(Optional.of(Path.of("some/folder")), config.data());
        assertEquals(Optional.of(2.5), config.minutes());
        assertEquals(0.03, config.observationNoise());
        assertEquals(0.2, config.originNoise());
        assertFalse(config.mirror());
        assertEquals(2, config.validationEpisodes());
        assertEquals(Optional.of(new ImageAugmentation(0.1, 4, 0.2, 0, 0)), config.augmentation());
        assertEquals(config, TrainingConfig.parse(folder, config.text()));
        assertEquals(
                new PolicyNetwork.Chunk(
                        2,
                        16,
                        new NetworkConfig.Regression(
                                32, 4, 0.2, new RegressionPolicy.Hypotheses(3, 0.1))),
                config.network(new PolicyNetwork.Chunk(2, 16, NetworkConfig.Regression.DEFAULT)));
    }

    @Test
    void adaptersLearnInTheNetworkThereIs() throws IOException {
        TrainingConfig config =
                read(
                        """
                        {"lora": {"from": "a/b", "rank": 4, "dropout": 0.1, "layers": ["up"]}}
                        """);
        TrainingConfig.Adaptation adaptation = config.adaptation().orElseThrow();
        assertEquals(4, adaptation.lora().rank());
        assertEquals(8, adaptation.lora().alpha());
        assertTrue(adaptation.accepts("network.blocks.0.up"));
        assertFalse(adaptation.accepts("network.blocks.0.down"));
        String both = "{\"lora\": {\"from\": \"a\"}, \"network\": {\"width\": 32}}";
        var problem = assertThrows(FileFormatException.class, () -> read(both));
        assertTrue(String.valueOf(problem.getMessage()).contains("beside lora"));
    }

    @Test
    void whatIsNotSaidIsThePreset() throws IOException {
        for (TrainingConfig config : List.of(read("{}"), TrainingConfig.EMPTY)) {
            assertEquals(TrainingSettings.DEFAULT, config.settings(TrainingSettings.DEFAULT));
            assertEquals(PolicyNetwork.Act.DEFAULT, config.network(PolicyNetwork.Act.DEFAULT));
            assertTrue(config.mirror());
        }
        TrainingSettings act = ImitationTask.preset(PolicyNetwork.Act.DEFAULT);
        assertEquals(act, read("{}").settings(act));
    }

    @Test
    void whatIsNotKnownIsAnErrorThatNamesTheNearest() {
        assertNearest("{\"bach_size\": 4}", "bach_size", "\"batch_size\"");
        assertNearest(
                "{\"optimizer\": {\"lr\": 1, \"weigth_decay\": 1}}",
                "optimizer.weigth_decay",
                "\"optimizer.weight_decay\"");
        assertNearest("{\"ema\": {\"maxdecay\": 0.1}}", "ema.maxdecay", "\"ema.max_decay\"");
        assertNearest(
                "{\"augmentation\": {\"brightnes\": 0.1}}",
                "augmentation.brightnes",
                "\"augmentation.brightness\"");
        assertNearest("{\"lora\": {\"from\": \"a\", \"ranks\": 1}}", "lora.ranks", "\"lora.rank\"");
    }

    private void assertNearest(String text, String unknown, String nearest) {
        var problem = assertThrows(FileFormatException.class, () -> read(text));
        String message = String.valueOf(problem.getMessage());
        assertTrue(message.contains("[" + unknown + "]"), message);
        assertTrue(message.contains("The nearest to") && message.contains(nearest), message);
    }

    @Test
    void settingsOfTheNetworkAreThoseOfItsConfiguration() throws IOException {
        PolicyNetwork.Act act =
                (PolicyNetwork.Act)
                        read("{\"network\": {\"dim_model\": 64, \"n_heads\": 2}}")
                                .network(PolicyNetwork.Act.DEFAULT);
        assertEquals(64, act.layers().width());
        assertEquals(2, act.layers().heads());
        assertEquals(100, act.chunkLength());
        TrainingConfig misspelt = read("{\"network\": {\"dim_modle\": 64}}");
        var problem =
                assertThrows(
                        FileFormatException.class,
                        () -> misspelt.network(PolicyNetwork.Act.DEFAULT));
        assertTrue(
                String.valueOf(problem.getMessage()).contains("\"dim_model\""),
                problem.getMessage());
    }

    @Test
    void valuesThatMakeNoSenseAreRefused() {
        for (String text :
                List.of(
                        "{\"precision\": \"f8\"}",
                        "{\"steps\": 0}",
                        "{\"batch_size\": 1.5}",
                        "{\"network\": 3}",
                        "{\"optimizer\": {\"betas\": [0.9]}}",
                        "{\"scheduler\": {\"decay_share\": 2}}",
                        "{\"augmentation\": {\"crop\": 1}}",
                        "{\"lora\": {\"rank\": 2}}")) {
            assertThrows(FileFormatException.class, () -> read(text), text);
        }
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        read("{\"batch_size\": 10, \"grad_accum_steps\": 4}")
                                .settings(TrainingSettings.DEFAULT));
    }
}
