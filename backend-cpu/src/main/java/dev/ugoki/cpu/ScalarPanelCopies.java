package dev.ugoki.cpu;

/** Without the Vector API. */
final class ScalarPanelCopies implements PanelCopies {
    @Override
    public void pack(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            int pieces,
            long target,
            long rowBytes) {
        for (int row = 0; row < depth; row++) {
            long from = source + 4L * rows[row];
            long to = target + row * rowBytes;
            for (int piece = 0; piece < pieces; piece++) {
                copy(from + 4L * sources[piece], to + 4L * targets[piece], Tile.LANES);
            }
        }
    }

    @Override
    public void copy(
            long source, long sourceStep, long target, long targetStep, int rows, int count) {
        for (int row = 0; row < rows; row++) {
            copy(source + row * sourceStep, target + row * targetStep, count);
        }
    }

    private static void copy(long source, long target, int count) {
        for (int i = 0; i < count; i++) {
            NativeMemory.setFloat(target + 4L * i, NativeMemory.getFloat(source + 4L * i));
        }
    }

    @Override
    public void packVectors(
            long source,
            int[] rows,
            int depth,
            int vectors,
            int[] counts,
            int[] starts,
            int[] offsets,
            long target) {
        for (int row = 0; row < depth; row++) {
            for (int vector = 0; vector < vectors; vector++) {
                long to = target + 4L * Tile.LANES * (row * vectors + vector);
                int first = vector * MOST_PIECES;
                int piece = 0;
                for (int lane = 0; lane < Tile.LANES; lane++) {
                    if (piece + 1 < counts[vector] && starts[first + piece + 1] == lane) {
                        piece++;
                    }
                    long from = source + 4L * (rows[row] + offsets[first + piece] + lane);
                    NativeMemory.setFloat(to + 4L * lane, NativeMemory.getFloat(from));
                }
            }
        }
    }
}
