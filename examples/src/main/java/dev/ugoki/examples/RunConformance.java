package dev.ugoki.examples;

import dev.ugoki.examples.models.ModelKinds;
import dev.ugoki.tck.conformance.Compiled;
import dev.ugoki.tck.conformance.Conformance;
import dev.ugoki.tck.conformance.ConformanceSuite;
import dev.ugoki.tck.conformance.ModelSuite;
import dev.ugoki.tck.conformance.OperationSuite;
import dev.ugoki.tensor.Device;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code ugoki conformance DIR}: compares operations and models with recorded results. */
@Command(
        name = "conformance",
        description = {
            "Runs the cases of a folder and compares with the results recorded in it.",
            "The last line is 'N passed, N failed'; exits with 1 where any failed."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class RunConformance implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "The folder with the cases.")
    private Path folder = Path.of("");

    @Option(
            names = "--backend",
            paramLabel = "KIND",
            defaultValue = "cpu",
            description = "cpu, cuda or reference; default: ${DEFAULT-VALUE}.")
    private String backend = "cpu";

    @Option(names = "--emulated", description = ComputeOptions.EMULATED)
    private boolean emulated;

    @Option(
            names = "--only",
            paramLabel = "WHAT",
            description = "operations or models; default: both.")
    private @Nullable String only;

    @Option(
            names = "--compiled",
            description = "Runs each case as a plan too, which must have the same bits.")
    private boolean compiled;

    @Override
    public Integer call() throws Exception {
        List<ConformanceSuite> suites =
                List.of(new OperationSuite(), new ModelSuite(ModelKinds.all()));
        List<ConformanceSuite> chosen =
                suites.stream().filter(suite -> only == null || suite.name().equals(only)).toList();
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException("--only " + only + ": must be operations or models");
        }
        ComputeOptions.emulate(emulated);
        Device device = Device.parse(backend);
        Conformance.Report report =
                compiled
                        ? Compiled.call(() -> Conformance.run(folder, device, chosen))
                        : Conformance.run(folder, device, chosen);
        report.print(System.out);
        return report.exitStatus();
    }
}
