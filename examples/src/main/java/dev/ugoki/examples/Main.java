package dev.ugoki.examples;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The command line. The launcher script {@code ugoki} at the root of the repository builds what is
 * needed and starts this with the right flags.
 */
@Command(
        name = "ugoki",
        description = "Tensors for machines that move: train, adapt and run in one JVM.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Versions.class)
public final class Main implements Runnable {
    @Spec private CommandSpec spec;

    private Main() {}

    /** Runs the command that the arguments name and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }

    /** Without a subcommand: tells which there are. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** The version of this build and of the Java that runs it. */
    static final class Versions implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {
                "ugoki " + (version == null ? "(not run from a jar)" : version),
                "Java " + Runtime.version() + ", " + System.getProperty("java.vendor")
            };
        }
    }
}
