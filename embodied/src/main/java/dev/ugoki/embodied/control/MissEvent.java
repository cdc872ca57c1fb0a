package dev.ugoki.embodied.control;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A step for which no action came in time. */
@Name("dev.ugoki.ActionMissed")
@Label("Action Missed")
@Category("Ugoki")
@Description("No action had come in time for a step of a robot")
@StackTrace(false)
final class MissEvent extends Event {
    @Label("Step")
    long step;

    @Label("Misses in a Row")
    int inARow;

    @Label("What Was Done")
    String done = "";

    /** One object for all, which only the control thread uses: nothing is allocated. */
    void report(long atStep, int misses, OnMiss choice) {
        if (isEnabled()) {
            step = atStep;
            inARow = misses;
            done = choice.name();
            begin();
            commit();
        }
    }
}
