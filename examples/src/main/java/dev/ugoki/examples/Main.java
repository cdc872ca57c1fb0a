package dev.ugoki.examples;

import dev.ugoki.examples.accuracy.MeasureAccuracy;
import dev.ugoki.examples.bits.CheckBits;
import dev.ugoki.examples.jitter.MeasureJitter;
import dev.ugoki.examples.latency.MeasureLatency;
import dev.ugoki.examples.operations.WriteOperations;
import dev.ugoki.examples.policy.EvalPolicy;
import dev.ugoki.examples.policy.ResultsPolicy;
import dev.ugoki.examples.policy.RunPolicy;
import dev.ugoki.examples.policy.TrainPolicy;
import dev.ugoki.examples.pusht.DemoPushT;
import dev.ugoki.examples.pusht.DemonstratePushT;
import dev.ugoki.examples.pusht.EvalPushT;
import dev.ugoki.examples.pusht.ReplayPushT;
import dev.ugoki.examples.pusht.ResultsPushT;
import dev.ugoki.examples.pusht.TrainPushT;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The command line. The launcher script {@code ugoki} at the root of the repository builds what is
 * needed and starts this with the right flags.
 */
@Command(
        name = "ugoki",
        description = "Tensors for machines that move: train, adapt and run in one JVM.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Versions.class,
        subcommands = {
            Main.Train.class,
            Main.Eval.class,
            RunPolicy.class,
            DemoPushT.class,
            Main.Replay.class,
            Main.Demonstrate.class,
            Main.Results.class,
            Doctor.class,
            RunConformance.class,
            RunFuzz.class,
            MeasureAccuracy.class,
            CheckBits.class,
            MeasureJitter.class,
            MeasureLatency.class,
            WriteOperations.class
        })
public final class Main extends CommandGroup {
    private static final String STACK_TRACES = "ugoki.stacktraces";

    private Main() {}

    /** Runs the command that the arguments name and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    /** All commands. */
    static CommandLine commandLine() {
        return new CommandLine(new Main()).setExecutionExceptionHandler(Main::explain);
    }

    /** Problems that the user can do something about are told in a sentence, others in full. */
    private static int explain(
            Exception problem, CommandLine commandLine, CommandLine.ParseResult parsed)
            throws Exception {
        boolean isToldInWords =
                problem instanceof IOException
                        || problem instanceof UncheckedIOException
                        || problem instanceof IllegalArgumentException
                        || problem instanceof IllegalStateException
                        || problem instanceof UnsupportedOperationException
                        || problem instanceof OutOfDeviceMemoryException;
        if (!isToldInWords || Boolean.getBoolean(STACK_TRACES)) {
            throw problem;
        }
        String kind =
                problem instanceof java.nio.file.FileSystemException
                        ? problem.getClass().getSimpleName() + ": "
                        : "";
        commandLine.getErr().println("ugoki: " + kind + problem.getMessage());
        commandLine
                .getErr()
                .println("(UGOKI_JAVA_OPTS=-D" + STACK_TRACES + "=true shows where it happened.)");
        return 1;
    }

    @Command(
            name = "train",
            description = "Trains a policy.",
            mixinStandardHelpOptions = true,
            subcommands = {TrainPushT.class, TrainPolicy.class})
    static final class Train extends CommandGroup {}

    @Command(
            name = "eval",
            description = "Evaluates a trained policy.",
            mixinStandardHelpOptions = true,
            subcommands = {EvalPushT.class, EvalPolicy.class})
    static final class Eval extends CommandGroup {}

    @Command(
            name = "replay",
            description = "Replays recorded episodes in a simulator.",
            mixinStandardHelpOptions = true,
            subcommands = ReplayPushT.class)
    static final class Replay extends CommandGroup {}

    @Command(
            name = "demonstrate",
            description = "Makes demonstrations.",
            mixinStandardHelpOptions = true,
            subcommands = DemonstratePushT.class)
    static final class Demonstrate extends CommandGroup {}

    @Command(
            name = "results",
            description = "Writes the documents' tables of results.",
            mixinStandardHelpOptions = true,
            subcommands = {ResultsPushT.class, ResultsPolicy.class})
    static final class Results extends CommandGroup {}

    /** The version of this build and of the Java that runs it. */
    static final class Versions implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"ugoki " + Environment.version(), "Java " + Environment.java()};
        }
    }
}
