package dev.ugoki.examples.pusht;

/**
 * The area of a convex polygon inside an upright rectangle: the polygon is cut along one side after
 * the other (Sutherland and Hodgman 1974), then measured with the shoelace formula.
 */
final class ConvexClip {
    private ConvexClip() {}

    /**
     * The area in common.
     *
     * @param polygon x and y of each corner in turn, counter-clockwise
     * @param rectangle left, low, right and high side
     */
    static double areaInside(double[] polygon, double[] rectangle) {
        double[] corners = new double[polygon.length + 16];
        double[] cut = new double[polygon.length + 16];
        System.arraycopy(polygon, 0, corners, 0, polygon.length);
        int count = polygon.length / 2;
        for (int side = 0; side < 4 && count > 0; side++) {
            count = cut(corners, count, side % 2, rectangle[side], side < 2 ? 1 : -1, cut);
            double[] swapped = corners;
            corners = cut;
            cut = swapped;
        }
        double doubled = 0;
        for (int i = 0; i < count; i++) {
            int next = (i + 1) % count;
            doubled +=
                    corners[2 * i] * corners[2 * next + 1] - corners[2 * next] * corners[2 * i + 1];
        }
        return doubled / 2;
    }

    /** Keeps what has {@code sign * (coordinate - limit) >= 0}; returns the corners left. */
    private static int cut(
            double[] corners, int count, int axis, double limit, int sign, double[] result) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            int next = (i + 1) % count;
            double here = sign * (corners[2 * i + axis] - limit);
            double there = sign * (corners[2 * next + axis] - limit);
            if (here >= 0) {
                result[2 * kept] = corners[2 * i];
                result[2 * kept + 1] = corners[2 * i + 1];
                kept++;
            }
            if (here >= 0 != there >= 0) {
                double t = here / (here - there);
                result[2 * kept + axis] = limit;
                result[2 * kept + 1 - axis] =
                        corners[2 * i + 1 - axis]
                                + t * (corners[2 * next + 1 - axis] - corners[2 * i + 1 - axis]);
                kept++;
            }
        }
        return kept;
    }
}
