package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.MetricsLog;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.Environment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a training run or a demo leaves for people to look at. */
final class ReportPage {
    private ReportPage() {}

    /** The page of a finished training run. */
    static void write(Path file, TrainingJob.Result result) throws IOException {
        TrainingSettings settings = result.run().trainer().settings();
        List<MetricsLog.Line> metrics = MetricsLog.read(result.run().metrics());
        Evaluation learned = result.scores().rows().getLast().evaluation();
        Page page =
                new Page(
                        "PushT: a policy from demonstrations",
                        String.format(
                                Locale.ROOT,
                                "%s, %,d steps of %d samples in %.1f minutes, seed %d",
                                settings.task().getOrDefault("policy", "policy"),
                                settings.steps(),
                                settings.batchSize(),
                                seconds(metrics) / 60,
                                settings.seed()));
        page.section("In closed loop").html(result.scores().html());
        addRollouts(page, learned);
        page.section("Training and rewards");
        page.picture(Charts.loss(metrics), "png", Charts.WIDTH, "Training loss");
        page.picture(
                Charts.rewards(result.scores()),
                "png",
                Charts.WIDTH,
                "Largest reward of each episode");
        page.section("What it was made with").facts(facts(result, metrics));
        page.section("Settings").preformatted(settingsText(result.checkpoint()));
        page.write(file);
    }

    /** The page of a policy that was only run. */
    static void write(Path file, String title, Scores scores) throws IOException {
        Page page = new Page(title, scores.caption());
        page.section("In closed loop").html(scores.html());
        addRollouts(page, scores.rows().getLast().evaluation());
        page.section("Rewards");
        page.picture(Charts.rewards(scores), "png", Charts.WIDTH, "Largest reward of each episode");
        page.section("What it ran on").facts(Environment.facts());
        page.write(file);
    }

    private static void addRollouts(Page page, Evaluation learned) {
        page.section("Rollouts");
        Evaluation.Episode median = Rollouts.median(learned);
        Evaluation.Episode worst = Rollouts.worst(learned);
        addRollout(page, "The median episode", median);
        if (worst != median) {
            addRollout(page, "The worst episode", worst);
        }
    }

    private static void addRollout(Page page, String which, Evaluation.Episode episode) {
        page.picture(
                Rollouts.animation(episode),
                "gif",
                Rollouts.SIDE,
                Rollouts.caption(which, episode));
    }

    private static double seconds(List<MetricsLog.Line> metrics) {
        // A resumed run counts its seconds anew.
        double seconds = 0;
        for (int i = 0; i < metrics.size(); i++) {
            boolean lastOfItsProcess =
                    i == metrics.size() - 1
                            || metrics.get(i + 1).seconds() < metrics.get(i).seconds();
            seconds += lastOfItsProcess ? metrics.get(i).seconds() : 0;
        }
        return seconds;
    }

    private static Map<String, String> facts(
            TrainingJob.Result result, List<MetricsLog.Line> metrics) {
        Map<String, String> facts = new LinkedHashMap<>();
        TrainingSettings settings = result.run().trainer().settings();
        facts.put("demonstrations", settings.task().getOrDefault("data", ""));
        facts.put(
                "episodes, frames",
                String.format(
                        Locale.ROOT,
                        "%d, %,d (and their mirror images)",
                        result.demonstrations().episodes(),
                        result.demonstrations().frames()));
        facts.put(
                "parameters",
                String.format(
                        Locale.ROOT,
                        "%,d",
                        result.run().trainer().task().network().parameterCount()));
        double samples = (double) settings.steps() * settings.batchSize();
        facts.put(
                "samples",
                String.format(
                        Locale.ROOT, "%,.0f, %,.0f a second", samples, samples / seconds(metrics)));
        facts.put("checkpoint", result.checkpoint().toString());
        facts.putAll(Environment.facts());
        return facts;
    }

    private static String settingsText(Path checkpoint) throws IOException {
        Path folder = Checkpoints.pretrainedModel(checkpoint);
        return Files.readString(folder.resolve("train_config.json"))
                + Files.readString(folder.resolve("config.json"));
    }
}
