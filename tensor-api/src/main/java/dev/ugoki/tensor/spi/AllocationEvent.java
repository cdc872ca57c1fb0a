package dev.ugoki.tensor.spi;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/**
 * A block of memory that a pool took from the system, for JDK Flight Recorder; blocks that it had
 * kept cost nothing and are not told of.
 */
@Name("dev.ugoki.Allocation")
@Label("Tensor Memory Allocation")
@Category("Ugoki")
@Description("Memory for tensors that was taken from the system")
final class AllocationEvent extends Event {
    @Label("Device")
    String device = "";

    @Label("Size")
    @DataAmount
    long size;

    @Label("Held Now")
    @Description("What the pool holds, live and cached")
    @DataAmount
    long held;

    /** Tells of a block, if anyone listens. */
    static void report(String device, long size, long held) {
        AllocationEvent event = new AllocationEvent();
        if (event.shouldCommit()) {
            event.device = device;
            event.size = size;
            event.held = held;
            event.commit();
        }
    }
}
