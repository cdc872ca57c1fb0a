package dev.ugoki.cpu;

/** Without the Vector API. */
final class ScalarShiftedSums implements ShiftedSums {
    @Override
    public void run(
            long source,
            int[] shifts,
            int taps,
            long weights,
            int[] sources,
            int[] targets,
            int pieces,
            long target) {
        for (int piece = 0; piece < pieces; piece++) {
            for (int lane = 0; lane < Tile.LANES; lane++) {
                long from = source + 4L * (sources[piece] + lane);
                float sum = 0;
                for (int tap = 0; tap < taps; tap++) {
                    float weight = NativeMemory.getFloat(weights + 4L * tap);
                    float element = NativeMemory.getFloat(from + 4L * shifts[tap]);
                    sum = Math.fma(weight, element, sum);
                }
                NativeMemory.setFloat(target + 4L * (targets[piece] + lane), sum);
            }
        }
    }
}
