package dev.ugoki.nn;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Modules in a row, named by their numbers from 0.
 *
 * @param <M> what they all are
 */
public final class ModuleList<M extends Module> extends Module implements Iterable<M> {
    private final List<M> modules = new ArrayList<>();

    /** A list of {@code modules}. */
    public ModuleList(List<? extends M> modules) {
        for (M module : modules) {
            this.modules.add(child(Integer.toString(this.modules.size()), module));
        }
    }

    /** The module with a number. */
    public M get(int index) {
        return modules.get(index);
    }

    /** How many there are. */
    public int size() {
        return modules.size();
    }

    @Override
    public Iterator<M> iterator() {
        return List.copyOf(modules).iterator();
    }
}
