package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Time is simulated here: how long a step takes depends on when it is made. */
class TimeBudgetTest {
    private static final double BUDGET = 30;

    private final Trainer trainer =
            Trainer.start(
                    SmallTask.task(SmallTask.REGRESSION),
                    TimeBudget.open(SmallTask.SETTINGS.withWarmupSteps(5)));

    /** What the listener was told, one after the other. */
    private List<Progress> train(DoubleUnaryOperator secondsPerStep) {
        List<Progress> told = new ArrayList<>();
        TimeBudget budget = new TimeBudget(trainer, BUDGET, told::add);
        double seconds = 0;
        while (!trainer.isFinished()) {
            trainer.step();
            seconds += secondsPerStep.applyAsDouble(seconds);
            long steps = trainer.settings().steps();
            long left = steps - trainer.stepCount();
            double mean = seconds / trainer.stepCount();
            budget.onStep(
                    new Progress(
                            trainer.stepCount(),
                            steps,
                            0,
                            0,
                            trainer.learningRate(),
                            0,
                            seconds,
                            mean * left));
        }
        return told;
    }

    @Test
    void anEvenPaceFillsTheBudget() {
        List<Progress> told = train(_ -> 0.1);
        assertEquals(300, trainer.stepCount(), 3);
        assertEquals(180, trainer.settings().decayStart(), 3);
        assertEquals(0, told.getLast().learningRate(), 1e-9);
        assertEquals(300, told.get(50).steps(), 3);
        assertEquals(25, told.get(49).secondsLeft(), 0.5);
    }

    @Test
    void slowFirstStepsDontCount() {
        train(seconds -> seconds < 3 ? 0.5 : 0.1);
        assertEquals(276, trainer.stepCount(), 6);
    }

    @Test
    void aMachineThatGetsBusyMakesFewerSteps() {
        List<Progress> told = train(seconds -> seconds < 15 ? 0.1 : 0.2);
        assertEquals(BUDGET, told.getLast().seconds(), 3);
        assertEquals(0, told.getLast().learningRate(), 1e-9);
    }

    @Test
    void whatGetsBusyLateTakesLonger() {
        // Too late to plan anew: the steps of the fall are made, however long they take.
        train(seconds -> seconds < 20 ? 0.1 : 0.2);
        assertEquals(300, trainer.stepCount(), 3);
        assertFalse(trainer.canPlanSteps());
    }

    @Test
    void thePlanGrowsWithThePace() {
        train(seconds -> seconds < 10 ? 0.3 : 0.1);
        assertTrue(trainer.stepCount() > 220, "" + trainer.stepCount());
    }

    @Test
    void aBudgetOfNothingIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new TimeBudget(trainer, 0, TrainingListener.NONE));
    }
}
