package dev.ugoki.embodied.control;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A chunk of actions that has come. */
@Name("dev.ugoki.ActionChunk")
@Label("Action Chunk")
@Category("Ugoki")
@Description("A policy's chunk of actions was taken by the control thread")
@StackTrace(false)
final class ChunkEvent extends Event {
    @Label("Step of the Observation")
    long observed;

    @Label("Delay in Steps")
    int delay;

    @Label("Actions Skipped")
    int skipped;

    @Label("Inference Time")
    @Timespan(Timespan.NANOSECONDS)
    long inference;

    /** One object for all, which only the control thread uses: nothing is allocated. */
    void report(long atStep, int steps, int actions, long nanos) {
        if (isEnabled()) {
            observed = atStep;
            delay = steps;
            skipped = actions;
            inference = nanos;
            begin();
            commit();
        }
    }
}
