package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.ValueType;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** Local variables that are used again, each only ever for one type, as the verifier likes it. */
final class VectorLocals {
    private final CodeBuilder code;
    private final Map<ValueType, Deque<Integer>> free = new EnumMap<>(ValueType.class);
    private final Deque<Integer> freeLongs = new ArrayDeque<>();

    VectorLocals(CodeBuilder code) {
        this.code = code;
        for (ValueType type : ValueType.values()) {
            free.put(type, new ArrayDeque<>());
        }
    }

    /** A local that is never given back. */
    int lasting() {
        return code.allocateLocal(TypeKind.REFERENCE);
    }

    int take(ValueType type) {
        Deque<Integer> ofType = Objects.requireNonNull(free.get(type));
        return ofType.isEmpty() ? lasting() : ofType.pop();
    }

    void give(ValueType type, int local) {
        Objects.requireNonNull(free.get(type)).push(local);
    }

    int takeLong() {
        return freeLongs.isEmpty() ? code.allocateLocal(TypeKind.LONG) : freeLongs.pop();
    }

    void giveLong(int local) {
        freeLongs.push(local);
    }
}
