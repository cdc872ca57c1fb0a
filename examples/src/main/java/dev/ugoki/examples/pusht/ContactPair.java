package dev.ugoki.examples.pusht;

/**
 * The contact between a shape of infinite mass (the agent or a wall) and one polygon of the block:
 * up to two points, with the impulses of earlier steps to start the solver from.
 *
 * <p>All friction and restitution in PushT is zero, so there are no tangential impulses. Velocities
 * and impulses act on the block alone. The scheme is sequential impulses with warm starting (Catto
 * 2006), with the order of operations of Chipmunk 7.0.3.
 */
final class ContactPair {
    /** Steps without a contact after which the impulses are forgotten. */
    private static final int PERSISTENCE = 3;

    private static final double SLOP = 0.1f;

    final ConvexShape pusher;
    final ConvexShape polygon;

    /** Identifies the shapes in contact hashes, as the shapes' numbers in the original do. */
    private final long pusherNumber;

    private final long polygonNumber;

    /** Where the last closest-point search of this pair ended. */
    int feature;

    private boolean known;
    private boolean separated;
    private boolean firstContact;
    private long lastTouched;
    private int count;
    private double normalX;
    private double normalY;
    private final Point[] points = {new Point(), new Point()};
    private final long[] oldHash = new long[2];
    private final double[] oldImpulse = new double[2];

    /** One contact point: offsets are relative to the centres of the two bodies. */
    private static final class Point {
        long hash;
        double pusherX;
        double pusherY;
        double blockX;
        double blockY;
        double effectiveMass;
        double correction;
        double correctionImpulse;
        double impulse;

        void copyFrom(Point other) {
            hash = other.hash;
            pusherX = other.pusherX;
            pusherY = other.pusherY;
            blockX = other.blockX;
            blockY = other.blockY;
            effectiveMass = other.effectiveMass;
            correction = other.correction;
            correctionImpulse = other.correctionImpulse;
            impulse = other.impulse;
        }
    }

    ContactPair(ConvexShape pusher, long pusherNumber, ConvexShape polygon, long polygonNumber) {
        this.pusher = pusher;
        this.pusherNumber = pusherNumber;
        this.polygon = polygon;
        this.polygonNumber = polygonNumber;
    }

    void copyFrom(ContactPair other) {
        feature = other.feature;
        known = other.known;
        if (!known) {
            return;
        }
        separated = other.separated;
        firstContact = other.firstContact;
        lastTouched = other.lastTouched;
        count = other.count;
        normalX = other.normalX;
        normalY = other.normalY;
        for (int i = 0; i < count; i++) {
            points[i].copyFrom(other.points[i]);
        }
    }

    /** The step is over in which the pair touched: from now on its impulses count. */
    void endOfStep() {
        firstContact = false;
    }

    /** Finds the contact points; false where the shapes do not touch. */
    boolean collide(ClosestPoints closest, PushTPhysics physics, long step) {
        if (!pusher.boundsOverlap(polygon)) {
            return false;
        }
        closest.find(pusher, polygon, feature);
        feature = closest.feature;
        double touching = pusher.radius + polygon.radius;
        if (closest.distance > touching) {
            return false;
        }
        int oldCount = rememberImpulses();
        count = 0;
        if (pusher.count == 1) {
            addDiscContact(closest);
        } else {
            addEdgeContacts(closest);
        }
        if (count == 0) {
            restoreImpulses(oldCount);
            return false;
        }
        normalX = closest.normalX;
        normalY = closest.normalY;
        for (int i = 0; i < count; i++) {
            startFromOld(points[i], physics, oldCount);
        }
        firstContact = !known || separated || firstContact;
        known = true;
        separated = false;
        lastTouched = step;
        return true;
    }

    private int rememberImpulses() {
        int oldCount = known ? count : 0;
        for (int i = 0; i < oldCount; i++) {
            oldHash[i] = points[i].hash;
            oldImpulse[i] = points[i].impulse;
        }
        return oldCount;
    }

    private void restoreImpulses(int oldCount) {
        count = oldCount;
        for (int i = 0; i < oldCount; i++) {
            points[i].hash = oldHash[i];
            points[i].impulse = oldImpulse[i];
        }
    }

    private void startFromOld(Point point, PushTPhysics physics, int oldCount) {
        boolean fromAgent = pusher.count == 1;
        point.pusherX -= fromAgent ? physics.agentX : 0;
        point.pusherY -= fromAgent ? physics.agentY : 0;
        point.blockX -= physics.centreX;
        point.blockY -= physics.centreY;
        point.impulse = 0;
        for (int i = 0; i < oldCount; i++) {
            if (point.hash == oldHash[i]) {
                point.impulse = oldImpulse[i];
            }
        }
    }

    private void addDiscContact(ClosestPoints closest) {
        add(
                closest.firstX + closest.normalX * pusher.radius,
                closest.firstY + closest.normalY * pusher.radius,
                closest.secondX + closest.normalX * polygon.radius,
                closest.secondY + closest.normalY * polygon.radius,
                0);
    }

    /** Clips the two facing edges against each other; keeps the ends that overlap. */
    private void addEdgeContacts(ClosestPoints closest) {
        double nx = closest.normalX;
        double ny = closest.normalY;
        int end1 = pusher.supportEdge(nx, ny);
        int start1 = (end1 + pusher.count - 1) % pusher.count;
        int end2 = polygon.supportEdge(-nx, -ny);
        int start2 = (end2 + polygon.count - 1) % polygon.count;
        double alongStart1 = pusher.x[start1] * ny - pusher.y[start1] * nx;
        double alongEnd1 = pusher.x[end1] * ny - pusher.y[end1] * nx;
        double alongStart2 = polygon.x[start2] * ny - polygon.y[start2] * nx;
        double alongEnd2 = polygon.x[end2] * ny - polygon.y[end2] * nx;
        double scale1 = 1 / (alongEnd1 - alongStart1 + Double.MIN_NORMAL);
        double scale2 = 1 / (alongEnd2 - alongStart2 + Double.MIN_NORMAL);
        addClipped(
                closest,
                start1,
                end1,
                unit((alongEnd2 - alongStart1) * scale1),
                start2,
                end2,
                unit((alongStart1 - alongStart2) * scale2),
                hash(hash(pusherNumber, start1), hash(polygonNumber, end2)));
        addClipped(
                closest,
                start1,
                end1,
                unit((alongStart2 - alongStart1) * scale1),
                start2,
                end2,
                unit((alongEnd1 - alongStart2) * scale2),
                hash(hash(pusherNumber, end1), hash(polygonNumber, start2)));
    }

    private void addClipped(
            ClosestPoints closest,
            int start1,
            int end1,
            double t1,
            int start2,
            int end2,
            double t2,
            long hash) {
        double nx = closest.normalX;
        double ny = closest.normalY;
        double x1 = nx * pusher.radius + lerp(pusher.x[start1], pusher.x[end1], t1);
        double y1 = ny * pusher.radius + lerp(pusher.y[start1], pusher.y[end1], t1);
        double x2 = nx * -polygon.radius + lerp(polygon.x[start2], polygon.x[end2], t2);
        double y2 = ny * -polygon.radius + lerp(polygon.y[start2], polygon.y[end2], t2);
        if ((x2 - x1) * nx + (y2 - y1) * ny <= 0) {
            add(x1, y1, x2, y2, hash);
        }
    }

    private void add(double x1, double y1, double x2, double y2, long hash) {
        Point point = points[count++];
        point.pusherX = x1;
        point.pusherY = y1;
        point.blockX = x2;
        point.blockY = y2;
        point.hash = hash;
    }

    /** Ages a pair that did not touch in this step. */
    void age(long step) {
        if (known && step > lastTouched) {
            separated = true;
            known = step - lastTouched < PERSISTENCE;
        }
    }

    /** Effective masses, and the velocity that takes the overlap beyond the slop away. */
    void prepare(PushTPhysics physics, double correctionRate) {
        boolean fromAgent = pusher.count == 1;
        double deltaX = physics.centreX - (fromAgent ? physics.agentX : 0);
        double deltaY = physics.centreY - (fromAgent ? physics.agentY : 0);
        for (int i = 0; i < count; i++) {
            Point point = points[i];
            double arm = point.blockX * normalY - point.blockY * normalX;
            point.effectiveMass =
                    1 / (PushTPhysics.INVERSE_MASS + PushTPhysics.INVERSE_MOMENT * arm * arm);
            double gap =
                    (point.blockX - point.pusherX + deltaX) * normalX
                            + (point.blockY - point.pusherY + deltaY) * normalY;
            double overlap = gap + SLOP;
            point.correction = overlap < 0 ? -correctionRate * overlap / PushTPhysics.DT : 0;
            point.correctionImpulse = 0;
        }
    }

    /** Warm start: applies the impulses of the step before, unless the contact is new. */
    void applyOldImpulses(PushTPhysics physics) {
        if (firstContact) {
            return;
        }
        for (int i = 0; i < count; i++) {
            Point point = points[i];
            double jx = normalX * point.impulse;
            double jy = normalY * point.impulse;
            physics.velocityX += jx;
            physics.velocityY += jy;
            physics.spin += PushTPhysics.INVERSE_MOMENT * (point.blockX * jy - point.blockY * jx);
        }
    }

    /** One sweep of the solver over this pair's points. */
    void solve(PushTPhysics physics) {
        boolean fromAgent = pusher.count == 1;
        double pusherVx = fromAgent ? physics.agentVelocityX : 0;
        double pusherVy = fromAgent ? physics.agentVelocityY : 0;
        for (int i = 0; i < count; i++) {
            Point point = points[i];
            double rx = point.blockX;
            double ry = point.blockY;
            double correcting =
                    (physics.correctionX - ry * physics.correctionSpin) * normalX
                            + (physics.correctionY + rx * physics.correctionSpin) * normalY;
            double closing =
                    (physics.velocityX - ry * physics.spin - pusherVx) * normalX
                            + (physics.velocityY + rx * physics.spin - pusherVy) * normalY;

            double oldCorrection = point.correctionImpulse;
            point.correctionImpulse =
                    positive(oldCorrection + (point.correction - correcting) * point.effectiveMass);
            double old = point.impulse;
            point.impulse = positive(old - closing * point.effectiveMass);

            double cx = normalX * (point.correctionImpulse - oldCorrection);
            double cy = normalY * (point.correctionImpulse - oldCorrection);
            physics.correctionX += cx;
            physics.correctionY += cy;
            physics.correctionSpin += PushTPhysics.INVERSE_MOMENT * (rx * cy - ry * cx);

            double jx = normalX * (point.impulse - old);
            double jy = normalY * (point.impulse - old);
            physics.velocityX += jx;
            physics.velocityY += jy;
            physics.spin += PushTPhysics.INVERSE_MOMENT * (rx * jy - ry * jx);
        }
    }

    int count() {
        return count;
    }

    private static double positive(double value) {
        return value > 0 ? value : 0;
    }

    private static double unit(double value) {
        return value > 0 ? (value < 1 ? value : 1) : 0;
    }

    private static double lerp(double a, double b, double t) {
        return a * (1 - t) + b * t;
    }

    private static long hash(long a, long b) {
        return a * 3344921057L ^ b * 3344921057L;
    }
}
