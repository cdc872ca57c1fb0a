package dev.ugoki.examples.pusht;

/**
 * Finds which shapes may touch, in the order in which the original engine finds them.
 *
 * <p>The solver's result depends on the order of the contacts. In Chipmunk 7 that order comes from
 * a tree of enlarged bounding boxes: a shape that leaves its box is taken out and put back in, and
 * the pairs of a shape that stays are visited newest first. With three moving shapes the tree has
 * one shape beside a pair of shapes, which is all that is kept of it here.
 */
final class BroadPhase {
    private static final int AGENT = 0;
    private static final int BAR = 1;
    private static final int STEM = 2;
    private static final int WALLS = 4;
    private static final int PAIRS_PER_POLYGON = 1 + WALLS;
    private static final int NONE = -1;

    /** The original's shape numbers: the walls were added first, then disc, bar and stem. */
    private static final int FIRST_NUMBER = WALLS;

    /** The order in which the original's hash table holds the moving shapes. */
    private static final int[] UPDATE_ORDER = {BAR, STEM, AGENT};

    /** By what share of its size, and by what part of a second's motion, a box is enlarged. */
    private static final double ENLARGEMENT = 0.1f;

    private final ConvexShape[] shapes;
    private final ConvexShape[] walls;
    private final Box[] boxes = {new Box(), new Box(), new Box()};
    private final boolean[] moved = new boolean[3];

    /** Pair {@code 5p} is polygon p with the agent, {@code 5p + 1 + w} polygon p with wall w. */
    private final ContactPair[] pairs = new ContactPair[2 * PAIRS_PER_POLYGON];

    /** The tree: one shape, before or after the pair of the other two. */
    private int single = BAR;

    private boolean singleFirst = true;
    private int pairFirst = STEM;
    private int pairSecond = AGENT;

    /** Per shape: the pairs that are visited with it, oldest first. */
    private final int[][] visited = new int[3][PAIRS_PER_POLYGON + 1];

    private final int[] visitedCount = new int[3];

    private static final class Box {
        double left;
        double right;
        double bottom;
        double top;

        void copyFrom(Box other) {
            left = other.left;
            right = other.right;
            bottom = other.bottom;
            top = other.top;
        }

        void enlarge(ConvexShape shape, double velocityX, double velocityY) {
            double marginX = (shape.right - shape.left) * ENLARGEMENT;
            double marginY = (shape.top - shape.bottom) * ENLARGEMENT;
            double aheadX = velocityX * ENLARGEMENT;
            double aheadY = velocityY * ENLARGEMENT;
            left = shape.left + Math.min(-marginX, aheadX);
            bottom = shape.bottom + Math.min(-marginY, aheadY);
            right = shape.right + Math.max(marginX, aheadX);
            top = shape.top + Math.max(marginY, aheadY);
        }

        boolean contains(ConvexShape shape) {
            return left <= shape.left
                    && right >= shape.right
                    && bottom <= shape.bottom
                    && top >= shape.top;
        }

        boolean overlaps(Box other) {
            return left <= other.right
                    && other.left <= right
                    && bottom <= other.top
                    && other.bottom <= top;
        }

        boolean overlaps(ConvexShape other) {
            return left <= other.right
                    && other.left <= right
                    && bottom <= other.top
                    && other.bottom <= top;
        }

        double area() {
            return (right - left) * (top - bottom);
        }

        double areaWith(Box other) {
            return (Math.max(right, other.right) - Math.min(left, other.left))
                    * (Math.max(top, other.top) - Math.min(bottom, other.bottom));
        }

        double distanceTo(Box other) {
            return Math.abs(left + right - other.left - other.right)
                    + Math.abs(bottom + top - other.bottom - other.top);
        }
    }

    /** The state after walls, disc, bar and stem were added, in this order, at rest. */
    BroadPhase(ConvexShape agent, ConvexShape bar, ConvexShape stem, ConvexShape[] walls) {
        this.shapes = new ConvexShape[] {agent, bar, stem};
        this.walls = walls;
        for (int polygon = BAR; polygon <= STEM; polygon++) {
            int first = (polygon - BAR) * PAIRS_PER_POLYGON;
            ConvexShape shape = shapes[polygon];
            int number = FIRST_NUMBER + polygon;
            pairs[first] = new ContactPair(agent, FIRST_NUMBER, shape, number);
            for (int wall = 0; wall < WALLS; wall++) {
                pairs[first + 1 + wall] = new ContactPair(walls[wall], wall, shape, number);
            }
        }
        for (int i = 0; i < 3; i++) {
            boxes[i].enlarge(shapes[i], 0, 0);
        }
        if (boxes[STEM].overlaps(boxes[AGENT])) {
            startVisiting(AGENT, agentPair(STEM));
        }
    }

    ContactPair pair(int index) {
        return pairs[index];
    }

    void copyFrom(BroadPhase other) {
        for (int i = 0; i < 3; i++) {
            boxes[i].copyFrom(other.boxes[i]);
            visitedCount[i] = other.visitedCount[i];
            System.arraycopy(other.visited[i], 0, visited[i], 0, visitedCount[i]);
        }
        for (int i = 0; i < pairs.length; i++) {
            pairs[i].copyFrom(other.pairs[i]);
        }
        single = other.single;
        singleFirst = other.singleFirst;
        pairFirst = other.pairFirst;
        pairSecond = other.pairSecond;
    }

    /** Fills {@code touching} with the numbers of the pairs in contact; returns how many. */
    int findContacts(PushTPhysics physics, ClosestPoints closest, long step, int[] touching) {
        for (int shape : UPDATE_ORDER) {
            moved[shape] = false;
        }
        for (int shape : UPDATE_ORDER) {
            if (!boxes[shape].contains(shapes[shape])) {
                boolean agent = shape == AGENT;
                reinsert(
                        shape,
                        agent ? physics.agentVelocityX : physics.velocityX,
                        agent ? physics.agentVelocityY : physics.velocityY);
                moved[shape] = true;
            }
        }
        int count = 0;
        if (singleFirst) {
            count = visit(single, physics, closest, step, touching, count);
        }
        count = visit(pairFirst, physics, closest, step, touching, count);
        count = visit(pairSecond, physics, closest, step, touching, count);
        if (!singleFirst) {
            count = visit(single, physics, closest, step, touching, count);
        }
        return count;
    }

    void agePairs(long step) {
        for (ContactPair pair : pairs) {
            pair.age(step);
        }
    }

    /** Takes a shape out of the tree, enlarges its box anew and puts it back in. */
    private void reinsert(int shape, double velocityX, double velocityY) {
        int a;
        int b;
        if (shape == single) {
            a = pairFirst;
            b = pairSecond;
        } else {
            int sibling = shape == pairFirst ? pairSecond : pairFirst;
            a = singleFirst ? single : sibling;
            b = singleFirst ? sibling : single;
        }
        Box box = boxes[shape];
        box.enlarge(shapes[shape], velocityX, velocityY);
        double costA = boxes[b].area() + boxes[a].areaWith(box);
        double costB = boxes[a].area() + boxes[b].areaWith(box);
        if (costA == costB) {
            costA = boxes[a].distanceTo(box);
            costB = boxes[b].distanceTo(box);
        }
        singleFirst = costB < costA;
        single = singleFirst ? a : b;
        pairFirst = shape;
        pairSecond = singleFirst ? b : a;
        stopVisiting(shape);
    }

    private int visit(
            int shape,
            PushTPhysics physics,
            ClosestPoints closest,
            long step,
            int[] touching,
            int count) {
        int found = count;
        if (!moved[shape]) {
            for (int i = visitedCount[shape] - 1; i >= 0; i--) {
                found = test(visited[shape][i], physics, closest, step, touching, found);
            }
            return found;
        }
        if (shape != AGENT) {
            int first = (shape - BAR) * PAIRS_PER_POLYGON;
            for (int wall = WALLS - 1; wall >= 0; wall--) {
                if (boxes[shape].overlaps(walls[wall])) {
                    int pair = first + 1 + wall;
                    startVisiting(shape, pair);
                    found = test(pair, physics, closest, step, touching, found);
                    pairs[pair].feature = 0;
                }
            }
        }
        for (int neighbour = 0; neighbour < 2; neighbour++) {
            int other = neighbour(shape, neighbour);
            int pair = agentPair(shape, other);
            if (pair == NONE || !boxes[shape].overlaps(boxes[other])) {
                continue;
            }
            if (isBefore(shape, other)) {
                startVisiting(other, pair);
            } else {
                if (!moved[other]) {
                    startVisiting(shape, pair);
                }
                found = test(pair, physics, closest, step, touching, found);
                pairs[pair].feature = 0;
            }
        }
        return found;
    }

    private int test(
            int pair,
            PushTPhysics physics,
            ClosestPoints closest,
            long step,
            int[] touching,
            int count) {
        if (pairs[pair].collide(closest, physics, step)) {
            touching[count] = pair;
            return count + 1;
        }
        return count;
    }

    /** The other shapes, from the nearest in the tree to the farthest. */
    private int neighbour(int shape, int index) {
        if (shape == single) {
            return index == 0 ? pairFirst : pairSecond;
        }
        if (index == 1) {
            return single;
        }
        return shape == pairFirst ? pairSecond : pairFirst;
    }

    private boolean isBefore(int shape, int other) {
        if (shape == single) {
            return singleFirst;
        }
        if (other == single) {
            return !singleFirst;
        }
        return shape == pairFirst;
    }

    private static int agentPair(int shape, int other) {
        if (shape == AGENT) {
            return agentPair(other);
        }
        return other == AGENT ? agentPair(shape) : NONE;
    }

    private static int agentPair(int polygon) {
        return (polygon - BAR) * PAIRS_PER_POLYGON;
    }

    private void startVisiting(int shape, int pair) {
        visited[shape][visitedCount[shape]++] = pair;
        pairs[pair].feature = 0;
    }

    /** Forgets all pairs of a shape, wherever they are visited. */
    private void stopVisiting(int shape) {
        visitedCount[shape] = 0;
        if (shape == AGENT) {
            removeVisit(BAR, agentPair(BAR));
            removeVisit(STEM, agentPair(STEM));
        } else {
            removeVisit(AGENT, agentPair(shape));
        }
    }

    private void removeVisit(int shape, int pair) {
        int kept = 0;
        for (int i = 0; i < visitedCount[shape]; i++) {
            if (visited[shape][i] != pair) {
                visited[shape][kept++] = visited[shape][i];
            }
        }
        visitedCount[shape] = kept;
    }
}
