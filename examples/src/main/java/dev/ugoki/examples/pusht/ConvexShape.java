package dev.ugoki.examples.pusht;

/**
 * A convex outline in world coordinates with a rounding radius: one vertex makes a disc, two a
 * capsule, more a polygon (counter-clockwise).
 *
 * <p>{@code normalX[i], normalY[i]} is the outward normal of the edge that <em>ends</em> in vertex
 * {@code i}.
 */
final class ConvexShape {
    final int count;
    final double radius;
    final double[] x;
    final double[] y;
    final double[] normalX;
    final double[] normalY;
    double left;
    double right;
    double bottom;
    double top;

    private final double[] localX;
    private final double[] localY;
    private final double[] localNormalX;
    private final double[] localNormalY;

    /** A shape with the given vertices in its body's frame, placed at the world's origin. */
    ConvexShape(double radius, double[] localX, double[] localY) {
        this.count = localX.length;
        this.radius = radius;
        this.localX = localX;
        this.localY = localY;
        this.x = new double[count];
        this.y = new double[count];
        this.normalX = new double[count];
        this.normalY = new double[count];
        this.localNormalX = new double[count];
        this.localNormalY = new double[count];
        for (int i = 0; i < count; i++) {
            int before = (i + count - 1) % count;
            double dx = localX[i] - localX[before];
            double dy = localY[i] - localY[before];
            double scale = 1 / (Math.sqrt(dx * dx + dy * dy) + Double.MIN_NORMAL);
            localNormalX[i] = dy * scale;
            localNormalY[i] = -dx * scale;
        }
        place(1, 0, 0, 0);
    }

    /** Moves the shape to where a body with this rotation and this origin has it. */
    void place(double cos, double sin, double originX, double originY) {
        double l = Double.POSITIVE_INFINITY;
        double r = Double.NEGATIVE_INFINITY;
        double b = Double.POSITIVE_INFINITY;
        double t = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            double px = cos * localX[i] - sin * localY[i] + originX;
            double py = sin * localX[i] + cos * localY[i] + originY;
            x[i] = px;
            y[i] = py;
            normalX[i] = cos * localNormalX[i] - sin * localNormalY[i];
            normalY[i] = sin * localNormalX[i] + cos * localNormalY[i];
            l = Math.min(l, px);
            r = Math.max(r, px);
            b = Math.min(b, py);
            t = Math.max(t, py);
        }
        left = l - radius;
        right = r + radius;
        bottom = b - radius;
        top = t + radius;
    }

    /** Takes over the place of a shape with the same outline. */
    void copyPlaceFrom(ConvexShape other) {
        System.arraycopy(other.x, 0, x, 0, count);
        System.arraycopy(other.y, 0, y, 0, count);
        System.arraycopy(other.normalX, 0, normalX, 0, count);
        System.arraycopy(other.normalY, 0, normalY, 0, count);
        left = other.left;
        right = other.right;
        bottom = other.bottom;
        top = other.top;
    }

    /** The vertex farthest along a direction: of equals the first, or a capsule's second. */
    int support(double directionX, double directionY) {
        int best = 0;
        double farthest = x[0] * directionX + y[0] * directionY;
        if (count == 2) {
            return farthest > x[1] * directionX + y[1] * directionY ? 0 : 1;
        }
        for (int i = 1; i < count; i++) {
            double distance = x[i] * directionX + y[i] * directionY;
            if (distance > farthest) {
                farthest = distance;
                best = i;
            }
        }
        return best;
    }

    /** The last vertex of the edge that faces a direction most. */
    int supportEdge(double directionX, double directionY) {
        if (count == 2) {
            return directionX * normalX[1] + directionY * normalY[1] > 0 ? 1 : 0;
        }
        int vertex = support(directionX, directionY);
        int next = (vertex + 1) % count;
        double facing = directionX * normalX[vertex] + directionY * normalY[vertex];
        double nextFacing = directionX * normalX[next] + directionY * normalY[next];
        return facing > nextFacing ? vertex : next;
    }

    boolean boundsOverlap(ConvexShape other) {
        return left <= other.right
                && other.left <= right
                && bottom <= other.top
                && other.bottom <= top;
    }
}
