package dev.ugoki.nn.policy;

import dev.ugoki.nn.Module;

/** A level of names that public checkpoints have, and that computes nothing. */
final class Branch extends Module {
    private Branch() {}

    /** A level with one module below. */
    static Branch of(String name, Module module) {
        return new Branch().with(name, module);
    }

    /** The same level with one module more. */
    Branch with(String name, Module module) {
        child(name, module);
        return this;
    }
}
