package dev.ugoki.embodied.control;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A cycle of a control loop that ended after the next one should have begun. */
@Name("dev.ugoki.DeadlineMissed")
@Label("Deadline Missed")
@Category("Ugoki")
@Description("A cycle of a control loop ended too late")
@StackTrace(false)
final class DeadlineEvent extends Event {
    @Label("Cycle")
    long cycle;

    @Label("Late By")
    @Timespan(Timespan.NANOSECONDS)
    long late;

    /** One object for all, which only the loop's thread uses: nothing is allocated. */
    void report(long atCycle, long nanos) {
        if (isEnabled()) {
            cycle = atCycle;
            late = nanos;
            begin();
            commit();
        }
    }
}
