package dev.ugoki.cpu.generated;

/** Transposes F32 in memory: what a generated class implements. Distances are in bytes. */
@FunctionalInterface
public interface TransposeCode {
    /**
     * Transposes at most as many lines as a vector has lanes: element i of line j becomes element j
     * of line i. Whole vectors are stored, line after line: behind the elements of each line of the
     * target comes nothing of meaning, unless that is the beginning of the next.
     *
     * @param lines lines of the source, at least 1
     * @param vectors vectors in each line of the source
     * @param source the address of the first line
     * @param sourceLine from one line of the source to the next
     * @param target the address of the first line of the target
     * @param targetLine from one line of the target to the next
     */
    void run(int lines, int vectors, long source, long sourceLine, long target, long targetLine);
}
