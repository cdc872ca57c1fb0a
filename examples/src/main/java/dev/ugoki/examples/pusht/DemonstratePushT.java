package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDatasetWriter;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code ugoki demonstrate pusht FOLDER}: the planner's demonstrations as a LeRobot data set. */
@Command(
        name = "pusht",
        description = {
            "Lets a planner push the T and writes what it did as a LeRobot data set (v3.0).",
            "Start states are those of the seeds from 0 on, away from the evaluation's."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class DemonstratePushT implements Callable<Integer> {
    private static final long FIRST_SEED = 0;
    private static final int EPISODES_BETWEEN_WORDS = 100;

    @Parameters(paramLabel = "FOLDER", description = "Where to write; must not exist.")
    private Path folder = Path.of("");

    @Option(
            names = "--episodes",
            paramLabel = "N",
            defaultValue = "600",
            description = "How many; default: ${DEFAULT-VALUE}.")
    private int episodes;

    @Override
    public Integer call() throws IOException {
        Demonstrations made =
                PlannedDemonstrations.plan().make(episodes, FIRST_SEED, DemonstratePushT::tell);
        FrameTable frames =
                FrameTable.of(
                        List.of(
                                column(PushTData.AGENT, 2, made.agent()),
                                column(PushTData.BLOCK_POSE, 3, made.block()),
                                column(PushTData.ACTION, 2, made.actions())),
                        made.episodeEnds());
        LeRobotDatasetWriter.write(
                folder,
                frames,
                new LeRobotDatasetWriter.Recording(
                        PushTEnvironment.CONTROL_RATE,
                        "2d pointer",
                        List.of("Push the T-shaped block onto its mark.")));
        System.out.printf(
                Locale.ROOT,
                "%d episodes, %,d frames: %s%n",
                made.episodes(),
                made.frames(),
                folder);
        return 0;
    }

    private static void tell(int made) {
        if (made % EPISODES_BETWEEN_WORDS == 0) {
            System.out.println(made + " episodes");
        }
    }

    private static Column column(String name, int width, float[] values) {
        return Column.of(Feature.vector(name, FeatureType.FLOAT32, width), values);
    }
}
