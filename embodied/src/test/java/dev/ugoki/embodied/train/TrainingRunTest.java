package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.cpu.ThreadPool;
import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.Precision;
import dev.ugoki.nn.layer.Lora;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.MemoryPool;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;

class TrainingRunTest {
    @TempDir private Path folder;

    @Test
    void theLossFalls() throws IOException {
        ImitationTask task = SmallTask.task(SmallTask.REGRESSION);
        TrainingSettings settings = SmallTask.SETTINGS.withSteps(300);
        TrainingRun run = TrainingRun.start(folder, task, settings);
        run.train(TrainingListener.NONE);
        List<MetricsLog.Line> lines = MetricsLog.read(run.metrics());
        assertEquals(30, lines.size());
        assertTrue(lines.getFirst().loss() > 0.5, "first " + lines.getFirst());
        assertTrue(lines.getLast().loss() < 0.25, "last " + lines.getLast());
    }

    @ParameterizedTest
    @ValueSource(strings = {"regression", "flow"})
    void aRunThatWasStoppedEndsWithTheSameBitsAsOneThatWentThrough(String kind) throws IOException {
        NetworkConfig network = kind.equals("flow") ? SmallTask.FLOW : SmallTask.REGRESSION;
        TrainingRun through =
                TrainingRun.start(
                        folder.resolve("through"), SmallTask.task(network), SmallTask.SETTINGS);
        Path atOnce = through.train(TrainingListener.NONE);

        Path stoppedFolder = folder.resolve("stopped");
        TrainingRun stopped =
                TrainingRun.start(stoppedFolder, SmallTask.task(network), SmallTask.SETTINGS);
        Path half = stopped.train(stopAt(stopped, 23));
        assertEquals("000023", half.getFileName().toString());
        TrainingRun resumed = TrainingRun.resume(stoppedFolder, SmallTask.task(network));
        assertEquals(23, resumed.trainer().stepCount());
        Path inTwo = resumed.train(TrainingListener.NONE);

        assertEquals("000040", inTwo.getFileName().toString());
        assertSameFiles(atOnce, inTwo);
        assertEquals(
                MetricsLog.read(through.metrics()).stream().map(MetricsLog.Line::step).toList(),
                MetricsLog.read(resumed.metrics()).stream().map(MetricsLog.Line::step).toList());
    }

    private static TrainingListener stopAt(TrainingRun run, long step) {
        return progress -> {
            if (progress.step() == step) {
                run.stop();
            }
        };
    }

    private static void assertSameFiles(Path expected, Path actual) throws IOException {
        List<Path> files = filesIn(expected);
        assertEquals(files, filesIn(actual));
        assertTrue(files.size() > 10, files.toString());
        for (Path file : files) {
            assertEquals(
                    -1,
                    Files.mismatch(expected.resolve(file), actual.resolve(file)),
                    file + " differs");
        }
    }

    private static List<Path> filesIn(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            return paths.filter(Files::isRegularFile).map(root::relativize).sorted().toList();
        }
    }

    @Test
    void theNumberOfThreadsDoesNotMatter() {
        // wide enough that kernels and products are cut into several tasks
        NetworkConfig wide = new NetworkConfig.Regression(256, 2);
        TrainingSettings settings = SmallTask.SETTINGS.withBatchSize(256).withSteps(6);
        int threads = ThreadPool.shared().threads();
        try {
            ThreadPool.shared().setThreads(1);
            Map<String, HostArray> one = weightsAfter(wide, settings);
            ThreadPool.shared().setThreads(2);
            assertEquals(one, weightsAfter(wide, settings));
            assertNotEquals(one, SmallTask.task(wide).network().stateDict());
        } finally {
            ThreadPool.shared().setThreads(threads);
        }
    }

    @Test
    void compiledStepsGiveTheSameWeights() {
        for (NetworkConfig network : List.of(SmallTask.REGRESSION, SmallTask.FLOW)) {
            TrainingSettings settings = SmallTask.SETTINGS.withSteps(12).withGradientClip(0.5);
            ImitationTask eager = SmallTask.task(network);
            ImitationTask planned = SmallTask.task(network);
            Trainer one = Trainer.start(eager, settings);
            Trainer other = Trainer.start(planned, settings);
            other.compile();
            while (!one.isFinished()) {
                assertEquals(one.step(), other.step());
            }
            assertTrue(other.isCompiled());
            assertEquals(eager.network().stateDict(), planned.network().stateDict());
            assertEquals(one.averagedWeights(), other.averagedWeights());
        }
    }

    /** In BF16, in parts, computed twice: resumed and compiled, the same bits. */
    @Test
    void howStepsAreComputedIsKeptAndResumed() throws IOException {
        TrainingSettings settings =
                SmallTask.SETTINGS
                        .withSteps(12)
                        .withIntervals(6, 6)
                        .withCompute(new TrainingSettings.Compute(Precision.BF16, 4, true));
        Path atOnce =
                TrainingRun.start(
                                folder.resolve("through"), SmallTask.task(SmallTask.FLOW), settings)
                        .train(TrainingListener.NONE);
        TrainingRun stopped =
                TrainingRun.start(
                        folder.resolve("stopped"), SmallTask.task(SmallTask.FLOW), settings);
        stopped.train(stopAt(stopped, 5));
        Path inTwo =
                TrainingRun.resume(folder.resolve("stopped"), SmallTask.task(SmallTask.FLOW))
                        .train(TrainingListener.NONE);
        assertSameFiles(atOnce, inTwo);

        Trainer computedTwice = Trainer.start(SmallTask.task(SmallTask.FLOW), settings);
        var refused = assertThrows(IllegalStateException.class, computedTwice::compile);
        assertTrue(refused.getMessage().contains("checkpointing"), refused.getMessage());
        TrainingSettings kept =
                settings.withCompute(new TrainingSettings.Compute(Precision.BF16, 4, false));
        Trainer planned = Trainer.start(SmallTask.task(SmallTask.FLOW), kept);
        planned.compile();
        while (!planned.isFinished()) {
            planned.step();
        }
        assertTrue(planned.isCompiled());
        assertEquals(
                SafetensorsFile.read(atOnce.resolve("training_state/model.safetensors")),
                planned.task().network().stateDict());
    }

    @Test
    void aBatchInPartsIsTheWholeBatchButForRounding() {
        TrainingSettings whole = SmallTask.SETTINGS.withSteps(4);
        TrainingSettings parts =
                whole.withCompute(TrainingSettings.Compute.DEFAULT.withAccumulation(4));
        Trainer one = Trainer.start(SmallTask.task(SmallTask.REGRESSION), whole);
        Trainer other = Trainer.start(SmallTask.task(SmallTask.REGRESSION), parts);
        while (!one.isFinished()) {
            assertEquals(one.step(), other.step(), 1e-4);
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> parts.withCompute(parts.compute().withAccumulation(3)));
    }

    @Test
    void learningInBf16LearnsAlike() {
        double[] losses = new double[2];
        for (Precision precision : Precision.values()) {
            Trainer trainer =
                    Trainer.start(
                            SmallTask.task(SmallTask.REGRESSION),
                            SmallTask.SETTINGS
                                    .withSteps(300)
                                    .withCompute(
                                            TrainingSettings.Compute.DEFAULT.withPrecision(
                                                    precision)));
            for (int i = 0; i < 300; i++) {
                losses[precision.ordinal()] = trainer.step();
            }
        }
        assertTrue(losses[0] != losses[1], "BF16 gave the loss of F32");
        assertTrue(losses[0] < 0.3 && losses[1] < 0.3, losses[0] + " and " + losses[1]);
    }

    @Test
    void theCheckpointIsChosenByEpisodesThatWereHeldOut() throws IOException {
        ImitationTask task = SmallTask.task(SmallTask.REGRESSION);
        TrainingRun run =
                TrainingRun.start(folder, task, SmallTask.SETTINGS.withIntervals(10, 10))
                        .withValidation(task.heldOut(SmallTask.frames(3)));
        run.train(TrainingListener.NONE);
        SortedMap<Long, Double> losses = MetricsLog.readValidation(run.metrics());
        assertEquals(Set.of(10L, 20L, 30L, 40L), losses.keySet());
        assertEquals(4, MetricsLog.read(run.metrics()).size());
        long best =
                losses.entrySet().stream()
                        .min(java.util.Map.Entry.comparingByValue())
                        .orElseThrow()
                        .getKey();
        assertEquals(
                String.format("%06d", best),
                TrainingRun.bestCheckpoint(folder).toRealPath().getFileName().toString());
        ImitationTask again = SmallTask.task(SmallTask.REGRESSION);
        Trainer resumed = Trainer.resume(again, TrainingRun.lastCheckpoint(folder));
        assertEquals(
                losses.get(40L),
                resumed.validationLoss(again.heldOut(SmallTask.frames(3))),
                "the same loss of the same averages");
        assertTrue(again.network().isTraining());
    }

    @Test
    void adaptersLearnAndEverythingElseStays() throws IOException {
        Path before = folder.resolve("before");
        TrainingRun.start(before, SmallTask.task(SmallTask.REGRESSION), SmallTask.SETTINGS)
                .train(TrainingListener.NONE);
        Path pretrained = Checkpoints.pretrainedModel(TrainingRun.lastCheckpoint(before));
        ImitationTask task = adapted(pretrained);
        Map<String, HostArray> first = task.network().stateDict();
        TrainingSettings settings = SmallTask.SETTINGS.withWarmupSteps(0);
        TrainingRun run = TrainingRun.start(folder.resolve("after"), task, settings);
        run.train(stopAt(run, 25));
        TrainingRun resumed = TrainingRun.resume(folder.resolve("after"), adapted(pretrained));
        Path after = resumed.train(TrainingListener.NONE);
        resumed.trainer()
                .task()
                .network()
                .stateDict()
                .forEach(
                        (name, values) ->
                                assertEquals(
                                        name.contains("lora_"),
                                        !values.equals(first.get(name)),
                                        name));
        // What is shipped needs no adapters, and acts as the network with them does.
        RobotPolicy shipped = RobotPolicy.load(Checkpoints.pretrainedModel(after));
        Map<String, HostArray> weights = shipped.network().module().stateDict();
        assertEquals(
                RobotPolicy.load(pretrained).network().module().stateDict().keySet(),
                weights.keySet());
        assertEquals(resumed.trainer().averagedWeights(), weights);
        assertNotEquals(
                first.get("network.blocks.0.up.weight"), weights.get("network.blocks.0.up.weight"));
        assertEquals(first.get("network.input.weight"), weights.get("network.input.weight"));
    }

    private static ImitationTask adapted(Path pretrained) throws IOException {
        RobotPolicy loaded = RobotPolicy.load(pretrained);
        Lora.attach(
                loaded.network().module(),
                name -> name.endsWith("up") || name.endsWith("down"),
                Lora.Config.of(2),
                Key.of(1));
        return ImitationTask.of(SmallTask.frames(2), loaded);
    }

    @Test
    void whatCannotBeTracedIsTrainedStepByStep() {
        TrainingSettings settings = SmallTask.SETTINGS.withSteps(3);
        ImitationTask plain = SmallTask.task(SmallTask.REGRESSION);
        Trainer without = Trainer.start(new Wrapped(plain, loss -> loss), settings);
        without.compile();
        ImitationTask eager = SmallTask.task(SmallTask.REGRESSION);
        Trainer expected = Trainer.start(eager, settings);

        while (!expected.isFinished()) {
            assertEquals(expected.step(), without.step());
        }

        assertTrue(!without.isCompiled());
        assertEquals(eager.network().stateDict(), plain.network().stateDict());
    }

    private static Map<String, HostArray> weightsAfter(
            NetworkConfig network, TrainingSettings settings) {
        ImitationTask task = SmallTask.task(network);
        Trainer trainer = Trainer.start(task, settings);
        while (!trainer.isFinished()) {
            trainer.step();
        }
        return task.network().stateDict();
    }

    @Test
    void theNumberOfStepsCanBeDecidedUntilTheLearningRateFalls() throws IOException {
        Path known =
                TrainingRun.start(
                                folder.resolve("known"),
                                SmallTask.task(SmallTask.FLOW),
                                SmallTask.SETTINGS)
                        .train(TrainingListener.NONE);
        TrainingRun run =
                TrainingRun.start(
                        folder.resolve("fixed"),
                        SmallTask.task(SmallTask.FLOW),
                        SmallTask.SETTINGS.withSteps(1_000_000).withIntervals(1000, 1000));
        Path fixed =
                run.train(
                        progress -> {
                            if (progress.step() == 20) {
                                run.trainer().planSteps(40, 16, 10, 20);
                            }
                        });
        assertSameFiles(known, fixed);
        var late =
                assertThrows(
                        IllegalStateException.class, () -> run.trainer().planSteps(50, 20, 10, 20));
        assertTrue(late.getMessage().contains("falls from step 24 on"), late.getMessage());
    }

    @Test
    void nativeMemoryStaysFlatAfterTheFirstHundredSteps() {
        MemoryPool pool = Backends.forDevice(Device.current()).memory();
        Trainer trainer =
                Trainer.start(SmallTask.task(SmallTask.FLOW), SmallTask.SETTINGS.withSteps(2000));
        long live = 0;
        long committed = 0;
        while (!trainer.isFinished()) {
            trainer.step();
            if (trainer.stepCount() == 100) {
                live = pool.liveBytes();
                committed = pool.committedBytes();
            } else if (trainer.stepCount() > 100) {
                assertTrue(
                        pool.liveBytes() <= live,
                        trainer.stepCount() + ": " + pool.liveBytes() + " live, were " + live);
                assertTrue(
                        pool.committedBytes() <= committed,
                        trainer.stepCount() + ": " + pool.committedBytes() + ", was " + committed);
            }
        }
    }

    @Test
    void aCheckpointHasLeRobotsLayout() throws IOException {
        TrainingRun run =
                TrainingRun.start(folder, SmallTask.task(SmallTask.REGRESSION), SmallTask.SETTINGS);
        Path last = run.train(TrainingListener.NONE);
        assertEquals(
                List.of(
                        "pretrained_model/config.json",
                        "pretrained_model/model.safetensors",
                        "pretrained_model/policy_postprocessor.json",
                        "pretrained_model/policy_postprocessor_step_0_unnormalizer_processor"
                                + ".safetensors",
                        "pretrained_model/policy_preprocessor.json",
                        "pretrained_model/policy_preprocessor_step_3_normalizer_processor"
                                + ".safetensors",
                        "pretrained_model/train_config.json",
                        "training_state/ema_state.safetensors",
                        "training_state/model.safetensors",
                        "training_state/optimizer_param_groups.json",
                        "training_state/optimizer_state.safetensors",
                        "training_state/rng_state.safetensors",
                        "training_state/scheduler_state.json",
                        "training_state/training_step.json"),
                filesIn(last).stream().map(Path::toString).toList());
        Path checkpoints = folder.resolve("checkpoints");
        assertTrue(Files.isDirectory(checkpoints.resolve("000020")));
        assertEquals(Path.of("000040"), Files.readSymbolicLink(checkpoints.resolve("last")));
        Map<String, HostArray> optimizer =
                SafetensorsFile.read(last.resolve("training_state/optimizer_state.safetensors"));
        assertEquals(40, optimizer.get("state/0/step").longAt(0));
        assertTrue(optimizer.containsKey("state/0/exp_avg_sq"), optimizer.keySet().toString());
        assertNotEquals(
                SafetensorsFile.read(last.resolve("pretrained_model/model.safetensors")),
                SafetensorsFile.read(last.resolve("training_state/model.safetensors")),
                "what acts are the averages, not the last weights");
    }

    @Test
    void gradientsAreLimitedIfAsked() {
        TrainingSettings settings = SmallTask.SETTINGS.withSteps(3).withWarmupSteps(0);
        Map<String, HostArray> free = weightsAfter(SmallTask.REGRESSION, settings);
        assertNotEquals(free, weightsAfter(SmallTask.REGRESSION, settings.withGradientClip(1e-3)));
        assertEquals(
                free.keySet(),
                weightsAfter(SmallTask.REGRESSION, settings.withGradientClip(1e9)).keySet());
    }

    @Test
    void aLossThatIsNotFiniteEndsTrainingBeforeItSpoilsTheWeights() {
        ImitationTask task = SmallTask.task(SmallTask.REGRESSION);
        TrainingTask broken = new Wrapped(task, loss -> loss.mul(Double.NaN));
        Map<String, HostArray> before = task.network().stateDict();
        Trainer trainer = Trainer.start(broken, SmallTask.SETTINGS);
        var error = assertThrows(IllegalStateException.class, trainer::step);
        assertTrue(error.getMessage().contains("step 0 is NaN"), error.getMessage());
        assertEquals(before, task.network().stateDict());
        assertEquals(0, trainer.stepCount());
    }

    @Test
    void nothingIsOverwrittenAndNothingIsGuessed() throws IOException {
        ImitationTask task = SmallTask.task(SmallTask.REGRESSION);
        var empty = assertThrows(FileFormatException.class, () -> TrainingRun.resume(folder, task));
        assertTrue(empty.getMessage().contains("no checkpoint"), empty.getMessage());
        Path last =
                TrainingRun.start(folder, task, SmallTask.SETTINGS).train(TrainingListener.NONE);
        var taken =
                assertThrows(
                        FileFormatException.class,
                        () -> TrainingRun.start(folder, task, SmallTask.SETTINGS));
        assertTrue(taken.getMessage().contains("holds a run already"), taken.getMessage());
        ImitationTask other =
                ImitationTask.of(
                        SmallTask.frames(2), SmallTask.config(SmallTask.REGRESSION), Key.of(0));
        var otherData = assertThrows(FileFormatException.class, () -> Trainer.resume(other, last));
        assertTrue(otherData.getMessage().contains("other samples"), otherData.getMessage());
        Path settings = last.resolve("pretrained_model/train_config.json");
        Files.writeString(
                settings, Files.readString(settings).replace("\"seed\" : 7", "\"seed\" : 8"));
        var otherSeed = assertThrows(FileFormatException.class, () -> Trainer.resume(task, last));
        assertTrue(otherSeed.getMessage().contains("seed 8"), otherSeed.getMessage());
    }

    @Test
    void progressIsToldInLinesWhereThereIsNoTerminal() throws IOException {
        var text = new java.io.ByteArrayOutputStream();
        try (var print = new java.io.PrintStream(text);
                var bar = TrainingProgressBar.inLines("training", print)) {
            TrainingRun.start(folder, SmallTask.task(SmallTask.REGRESSION), SmallTask.SETTINGS)
                    .train(bar);
        }
        List<String> lines = text.toString().lines().toList();
        assertTrue(lines.getFirst().startsWith("training: step 1 of 40, loss "), lines.toString());
        assertTrue(
                lines.getLast()
                        .matches("training: step 40 of 40, loss .*, [0-9,]+ samples/s, 0:00 left"),
                lines.toString());
    }

    @Test
    void settingsSurviveBeingWritten() throws IOException {
        TrainingSettings settings =
                SmallTask.SETTINGS
                        .withGradientClip(0.5)
                        .withAverage(0.6, 0.99)
                        .withCompute(new TrainingSettings.Compute(Precision.BF16, 2, true))
                        .withTask(Map.of("data", "a \"folder\"", "policy", "l1"));
        Path file = folder.resolve("train_config.json");
        settings.write(file);
        assertEquals(settings, TrainingSettings.read(file));
        settings.withGradientClip(Double.POSITIVE_INFINITY).write(file);
        assertEquals(Double.POSITIVE_INFINITY, TrainingSettings.read(file).gradientClip());
        Files.writeString(
                file, Files.readString(file).replace("\"steps\"", "\"nesterov\" : 1, \"steps\""));
        var unknown = assertThrows(FileFormatException.class, () -> TrainingSettings.read(file));
        assertTrue(unknown.getMessage().contains("[nesterov]"), unknown.getMessage());
    }

    /** A task whose loss is changed. */
    private record Wrapped(TrainingTask task, java.util.function.UnaryOperator<Tensor> change)
            implements TrainingTask {
        @Override
        public Module network() {
            return task.network();
        }

        @Override
        public int sampleCount() {
            return task.sampleCount();
        }

        @Override
        public String fingerprint() {
            return task.fingerprint();
        }

        @Override
        public Tensor loss(int[] samples, Key key) {
            return change.apply(task.loss(samples, key));
        }

        @Override
        public void savePretrained(Path target, Map<String, HostArray> weights) {
            try {
                task.savePretrained(target, weights);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
