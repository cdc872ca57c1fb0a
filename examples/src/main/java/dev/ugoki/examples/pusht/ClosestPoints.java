package dev.ugoki.examples.pusht;

/**
 * Closest points of two convex outlines (their radii left aside), or the points of deepest
 * penetration where they overlap: GJK on the Minkowski difference {@code second - first}, and EPA
 * once the difference is known to hold the origin.
 *
 * <p>The search starts from the edge where an earlier one ended, which {@link #feature} names, and
 * breaks ties in the order that Chipmunk 7.0.3 does; otherwise a simulation drifts away from
 * recordings made with that library as soon as two edges are parallel. An instance is scratch
 * memory for one thread and allocates nothing after its construction.
 *
 * <p>Source: Gilbert, Johnson, Keerthi 1988 (GJK); van den Bergen 2001 (EPA).
 */
final class ClosestPoints {
    private static final int MAXIMUM_ITERATIONS = 30;

    /** Three corners to begin with, and one more in each iteration at most. */
    private static final int MAXIMUM_HULL = 3 + MAXIMUM_ITERATIONS;

    /** The closest point on the first outline. */
    double firstX;

    double firstY;

    /** The closest point on the second outline. */
    double secondX;

    double secondY;

    /** The unit axis of least separation, from the first outline to the second. */
    double normalX;

    double normalY;

    /** Signed distance along the normal; negative where the outlines overlap. */
    double distance;

    /** The edge of the difference that was found: where to start next time. Zero is none. */
    int feature;

    private ConvexShape first;
    private ConvexShape second;
    private Corner[] hull = new Corner[MAXIMUM_HULL];
    private Corner[] newHull = new Corner[MAXIMUM_HULL];
    private final Corner[] pool = new Corner[2 + 2 * MAXIMUM_ITERATIONS];
    private int pooled;

    /** A corner of the Minkowski difference, and the vertices that it came from. */
    private static final class Corner {
        double x;
        double y;
        int firstVertex;
        int secondVertex;

        boolean sameAs(Corner other) {
            return firstVertex == other.firstVertex && secondVertex == other.secondVertex;
        }
    }

    ClosestPoints(ConvexShape first, ConvexShape second) {
        this.first = first;
        this.second = second;
        for (int i = 0; i < pool.length; i++) {
            pool[i] = new Corner();
        }
    }

    /** Finds the closest points and leaves them in the fields. */
    void find(ConvexShape first, ConvexShape second, int startFeature) {
        this.first = first;
        this.second = second;
        pooled = 0;
        if (startFeature != 0) {
            search(
                    corner(startFeature >>> 24, startFeature >>> 16 & 0xff),
                    corner(startFeature >>> 8 & 0xff, startFeature & 0xff));
        } else {
            double betweenX = middle(first.left, first.right) - middle(second.left, second.right);
            double betweenY = middle(first.bottom, first.top) - middle(second.bottom, second.top);
            search(support(-betweenY, betweenX), support(betweenY, -betweenX));
        }
    }

    private static double middle(double a, double b) {
        return a * 0.5 + b * 0.5;
    }

    /** GJK: walks an edge of the difference towards the origin. */
    private void search(Corner start, Corner end) {
        Corner a = start;
        Corner b = end;
        for (int iteration = 1; iteration <= MAXIMUM_ITERATIONS; iteration++) {
            if (isLeftOf(b.x, b.y, a.x, a.y, 0, 0)) {
                Corner swapped = a;
                a = b;
                b = swapped;
            }
            double t = closestParameter(a, b);
            boolean inside = -1 < t && t < 1;
            double towardsX = inside ? a.y - b.y : -interpolate(a.x, b.x, t);
            double towardsY = inside ? b.x - a.x : -interpolate(a.y, b.y, t);
            Corner c = support(towardsX, towardsY);
            if (isLeftOf(c.x, c.y, a.x, a.y, 0, 0) && isLeftOf(b.x, b.y, c.x, c.y, 0, 0)) {
                hull[0] = a;
                hull[1] = c;
                hull[2] = b;
                expand(3);
                return;
            }
            double reached = c.x * towardsX + c.y * towardsY;
            double reachedByA = a.x * towardsX + a.y * towardsY;
            double reachedByB = b.x * towardsX + b.y * towardsY;
            if (reached <= Math.max(reachedByA, reachedByB)) {
                break;
            }
            if (squaredDistance(a, c) < squaredDistance(c, b)) {
                b = c;
            } else {
                a = c;
            }
        }
        report(a, b);
    }

    /** EPA: grows a polygon inside the difference until its edge nearest the origin is real. */
    private void expand(int initialCount) {
        int count = initialCount;
        for (int iteration = 1; ; iteration++) {
            int nearest = nearestEdge(count);
            Corner a = hull[nearest];
            Corner b = hull[(nearest + 1) % count];
            Corner c = support(a.y - b.y, b.x - a.x);
            boolean beyond = !c.sameAs(a) && !c.sameAs(b) && isLeftOf(a.x, a.y, b.x, b.y, c.x, c.y);
            if (!beyond || iteration >= MAXIMUM_ITERATIONS) {
                report(a, b);
                return;
            }
            count = insert(c, nearest + 1, count);
        }
    }

    private int nearestEdge(int count) {
        int nearest = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int i = count - 1, j = 0; j < count; i = j, j++) {
            double squared = squaredDistance(hull[i], hull[j]);
            if (squared < least) {
                least = squared;
                nearest = i;
            }
        }
        return nearest;
    }

    /** Puts a corner before the one at {@code position}; drops what is then no longer convex. */
    private int insert(Corner added, int position, int count) {
        int kept = 1;
        newHull[0] = added;
        for (int i = 0; i < count; i++) {
            Corner before = newHull[kept - 1];
            Corner here = hull[(position + i) % count];
            Corner after = i + 1 < count ? hull[(position + i + 1) % count] : added;
            if (isLeftOf(before.x, before.y, after.x, after.y, here.x, here.y)) {
                newHull[kept++] = here;
            }
        }
        Corner[] old = hull;
        hull = newHull;
        newHull = old;
        return kept;
    }

    private void report(Corner a, Corner b) {
        double t = closestParameter(a, b);
        double nearestX = interpolate(a.x, b.x, t);
        double nearestY = interpolate(a.y, b.y, t);
        firstX = interpolate(first.x[a.firstVertex], first.x[b.firstVertex], t);
        firstY = interpolate(first.y[a.firstVertex], first.y[b.firstVertex], t);
        secondX = interpolate(second.x[a.secondVertex], second.x[b.secondVertex], t);
        secondY = interpolate(second.y[a.secondVertex], second.y[b.secondVertex], t);
        feature = a.firstVertex << 24 | a.secondVertex << 16 | b.firstVertex << 8 | b.secondVertex;
        double edgeX = b.x - a.x;
        double edgeY = b.y - a.y;
        double scale = 1 / (Math.sqrt(edgeX * edgeX + edgeY * edgeY) + Double.MIN_NORMAL);
        normalX = edgeY * scale;
        normalY = -edgeX * scale;
        distance = normalX * nearestX + normalY * nearestY;
        boolean corners = !(-1 < t && t < 1);
        if (distance > 0 && corners) {
            distance = Math.sqrt(nearestX * nearestX + nearestY * nearestY);
            normalX = nearestX * (1 / (distance + Double.MIN_NORMAL));
            normalY = nearestY * (1 / (distance + Double.MIN_NORMAL));
        }
    }

    private Corner support(double directionX, double directionY) {
        return corner(
                first.support(-directionX, -directionY), second.support(directionX, directionY));
    }

    private Corner corner(int firstVertex, int secondVertex) {
        Corner corner = pool[pooled++];
        corner.x = second.x[secondVertex] - first.x[firstVertex];
        corner.y = second.y[secondVertex] - first.y[firstVertex];
        corner.firstVertex = firstVertex;
        corner.secondVertex = secondVertex;
        return corner;
    }

    /** Whether c lies strictly to the left of the line from a to b. */
    private static boolean isLeftOf(
            double ax, double ay, double bx, double by, double cx, double cy) {
        return (by - ay) * (ax + bx - 2 * cx) > (bx - ax) * (ay + by - 2 * cy);
    }

    /** Where on the edge from a (-1) to b (+1) the point nearest the origin lies. */
    private static double closestParameter(Corner a, Corner b) {
        double dx = b.x - a.x;
        double dy = b.y - a.y;
        double t = (dx * (a.x + b.x) + dy * (a.y + b.y)) / (dx * dx + dy * dy);
        // An edge without length gives NaN, which must end as the edge's second corner.
        return t > -1 ? (t < 1 ? -t : -1) : 1;
    }

    private static double interpolate(double a, double b, double t) {
        double half = 0.5 * t;
        return a * (0.5 - half) + b * (0.5 + half);
    }

    private static double squaredDistance(Corner a, Corner b) {
        double t = closestParameter(a, b);
        double x = interpolate(a.x, b.x, t);
        double y = interpolate(a.y, b.y, t);
        return x * x + y * y;
    }
}
