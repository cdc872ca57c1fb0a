package dev.ugoki.examples.pusht;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code ugoki replay pusht --data DIR}: how far the simulator is from a recording. */
@Command(
        name = "pusht",
        description =
                "Replays recorded actions from each episode's first state, and compares where the"
                        + " block goes.",
        mixinStandardHelpOptions = true)
public final class ReplayPushT implements Callable<Integer> {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "Demonstrations: a zarr replay buffer, or a LeRobot data set.")
    private Path data = Path.of("");

    @Override
    public Integer call() throws Exception {
        OpenLoopReplay.Report report = OpenLoopReplay.run(PushTData.read(data));
        double[] errors = report.maximumError().clone();
        Arrays.sort(errors);
        System.out.printf(
                Locale.ROOT,
                "%d episodes; the block stays within 1 px over the whole length in %d, within"
                        + " 0.01 px in %d%n",
                errors.length,
                report.within(1),
                report.within(0.01));
        System.out.printf(
                Locale.ROOT,
                "largest distance: median %.2g px, worst episode %.3g px%n",
                errors[errors.length / 2],
                errors[errors.length - 1]);
        return 0;
    }
}
