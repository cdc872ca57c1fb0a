package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.graph.Graph;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A run of a plan, for JDK Flight Recorder. A plan has one object for all its runs, and one thread
 * at a time, so nothing is allocated.
 */
@Name("dev.ugoki.Plan")
@Label("Plan")
@Category("Ugoki")
@Description("A run of a plan")
@StackTrace(false)
final class PlanEvent extends Event {
    @Label("Operations")
    int operations;

    @Label("First Result")
    String result = "";

    @Label("Joined Kernels")
    @Description("Whether the kernels that join operations were ready")
    boolean joined;

    /** Ends it, and keeps it if it is wanted. */
    void report(Graph graph, boolean withJoinedKernels) {
        end();
        if (shouldCommit()) {
            operations = graph.nodes().size();
            result = graph.results().isEmpty() ? "" : graph.resultTypes()[0].toString();
            joined = withJoinedKernels;
            commit();
        }
    }
}
