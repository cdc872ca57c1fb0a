package dev.ugoki.cuda;

import dev.ugoki.tensor.spi.Storage;

import java.util.Collection;
import java.util.List;

/**
 * Work that was written down instead of run: the driver's graph, the storages that it reads and
 * writes, which are pinned, and the stream that it was written down on, whose workspaces it uses.
 */
final class CapturedGraph {
    private final Lane lane;
    private final long graph;
    private final List<Storage> held;

    CapturedGraph(Lane lane, long graph, Collection<Storage> held) {
        this.lane = lane;
        this.graph = graph;
        this.held = List.copyOf(held);
    }

    long graph() {
        return graph;
    }

    List<Storage> held() {
        return held;
    }

    /** Gives all back; whoever calls this has waited for the last replay. */
    void close() {
        lane.driver.destroyGraph(graph);
        lane.close();
        held.forEach(Storage::unpin);
    }
}
