package dev.ugoki.examples.pusht;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The least time that it takes to bring the block to the goal, for every pose of the block and
 * every contact at which the disc may be: the solution of a dynamic program over pushes (arcs, see
 * {@link PushContact}) and changes of contact.
 *
 * <p>Poses are kept on three nested grids, finer around the goal, with linear interpolation between
 * their nodes. The equation is solved by value iteration: in each round a node takes the best of
 * pushing on over some way and changing to another contact. The result has the same bits with any
 * number of threads.
 */
final class PushTimes {
    /** Pixels per second of the disc while it pushes. */
    static final double PUSH_SPEED = 60;

    /** Pixels per second of the disc on its way to another contact. */
    static final double TRAVEL_SPEED = 100;

    /** Stands for poses and contacts from which there is no way. */
    static final float NEVER = 60;

    /** Seconds that a change to another edge costs beyond its way: it keeps plans simple. */
    private static final double CHANGE_TIME = 1;

    /** Seconds that sliding to another place on the same edge costs beyond its way. */
    private static final double SLIDE_TIME = 0.4;

    private static final double SHORTEST_SLIDE = 4;

    /** Where the block's corners may be: the start states have them a little inside the walls. */
    private static final double LOW = 5;

    private static final double HIGH = 506;

    /** Targets keep this distance from the edge of what is allowed. */
    private static final double MARGIN = 2;

    private static final double GOAL_X =
            TBlock.GOAL_X - PushTPhysics.CENTRE_OFFSET * Math.sin(TBlock.GOAL_ANGLE);
    private static final double GOAL_Y =
            TBlock.GOAL_Y + PushTPhysics.CENTRE_OFFSET * Math.cos(TBlock.GOAL_ANGLE);
    private static final double GOAL_REACH = 30;
    private static final double TURN = 2 * Math.PI;
    private static final double DEGREE = Math.PI / 180;

    private static final int MAXIMUM_ROUNDS = 60;
    private static final int JOINT_ROUNDS = 3;
    private static final double SETTLED = 0.01;

    /** The pushes that are weighed in a round, in steps of the grid. */
    private static final int[] PUSHES = {1, 2, 4, 8, 14};

    private final double goalCoverage;
    private final List<PushContact> contacts = PushContact.all();
    private final float[] changeTimes = changeTimes();
    private final List<Grid> grids;

    /** Solves the program; takes some seconds. */
    PushTimes(double goalCoverage) {
        this.goalCoverage = goalCoverage;
        grids =
                List.of(
                        new Grid(GOAL_X, GOAL_Y, 1, 12, 25, DEGREE),
                        new Grid(GOAL_X, GOAL_Y, 3, 14, 29, 3 * DEGREE),
                        new Grid(256, 256, 10, 21, 36, 10 * DEGREE));
        for (Grid grid : grids) {
            for (int round = 0; round < MAXIMUM_ROUNDS && improve(grid) > SETTLED; round++) {}
        }
        // A way from near the goal may lead through poses farther off, so the grids meet again.
        for (int round = 0; round < JOINT_ROUNDS; round++) {
            for (Grid grid : grids) {
                improve(grid);
            }
        }
    }

    List<PushContact> contacts() {
        return contacts;
    }

    PushContact contact(int index) {
        return contacts.get(index);
    }

    /** The least seconds to the goal with the disc at a contact; x, y: centre of gravity. */
    double time(int contact, double x, double y, double angle) {
        for (Grid grid : grids) {
            if (grid.contains(x, y, angle)) {
                return grid.time(contact, x, y, angle);
            }
        }
        return NEVER;
    }

    boolean isGoal(double x, double y, double angle) {
        double originX = x + PushTPhysics.CENTRE_OFFSET * Math.sin(angle);
        double originY = y - PushTPhysics.CENTRE_OFFSET * Math.cos(angle);
        return Math.abs(x - GOAL_X) < GOAL_REACH
                && Math.abs(y - GOAL_Y) < GOAL_REACH
                && TBlock.coverage(originX, originY, angle) > goalCoverage;
    }

    /** Whether the disc can go before this contact without leaving the world. */
    boolean isReachable(PushContact contact, double x, double y, double angle) {
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        double localX = contact.discX() - BlockDetour.APPROACH * contact.normalX();
        double localY = contact.discY() - BlockDetour.APPROACH * contact.normalY();
        return isInside(x + cos * localX - sin * localY, y + sin * localX + cos * localY);
    }

    /** Whether a place is one that targets may have. */
    static boolean isInside(double x, double y) {
        double most = PushTEnvironment.SIDE - MARGIN;
        return x > MARGIN && x < most && y > MARGIN && y < most;
    }

    /** Seconds for a way of {@link BlockDetour}, with what the change costs beyond. */
    static double travelTime(double fromX, double fromY, double[] way) {
        if (way.length == 0) {
            return NEVER;
        }
        double length = BlockDetour.length(fromX, fromY, way);
        double cost = way.length > 2 ? CHANGE_TIME : length > SHORTEST_SLIDE ? SLIDE_TIME : 0;
        return length / TRAVEL_SPEED + cost;
    }

    private float[] changeTimes() {
        int count = contacts.size();
        float[] result = new float[count * count];
        for (int from = 0; from < count; from++) {
            double x = contacts.get(from).discX();
            double y = contacts.get(from).discY();
            for (int to = 0; to < count; to++) {
                double[] way = BlockDetour.way(x, y, contacts.get(to), (px, py) -> true);
                result[from * count + to] = from == to ? 0 : (float) travelTime(x, y, way);
            }
        }
        return result;
    }

    /** One round of value iteration over a grid; returns by how much a time fell at most. */
    private double improve(Grid grid) {
        float[] before = grid.times.clone();
        // A push keeps to its contact and a change to its pose, so both can go side by side.
        IntStream.range(0, contacts.size())
                .parallel()
                .forEach(contact -> improveByPushing(grid, contact));
        IntStream.range(0, grid.turns).parallel().forEach(turn -> improveByChanging(grid, turn));
        double change = 0;
        for (int i = 0; i < before.length; i++) {
            change = Math.max(change, before[i] - grid.times[i]);
        }
        return change;
    }

    private void improveByPushing(Grid grid, int index) {
        PushContact contact = contacts.get(index);
        int layer = grid.side * grid.side;
        for (int steps : PUSHES) {
            double push = steps * grid.step;
            double shiftX = contact.shiftXAfter(push);
            double shiftY = contact.shiftYAfter(push);
            for (int turn = 0; turn < grid.turns; turn++) {
                double angle = grid.angle(turn * layer);
                double worldX = Math.cos(angle) * shiftX - Math.sin(angle) * shiftY;
                double worldY = Math.sin(angle) * shiftX + Math.cos(angle) * shiftY;
                double angleAfter = angle + contact.turnAfter(push);
                for (int node = turn * layer; node < (turn + 1) * layer; node++) {
                    int at = index * grid.nodes + node;
                    double x = grid.x(node);
                    double y = grid.y(node);
                    if (grid.goal[node]) {
                        grid.times[at] = 0;
                    } else if (!grid.inWall[node] && isReachable(contact, x, y, angle)) {
                        double after = time(index, x + worldX, y + worldY, angleAfter);
                        double time = push / PUSH_SPEED + after;
                        grid.times[at] = Math.min(grid.times[at], (float) time);
                    }
                }
            }
        }
    }

    private void improveByChanging(Grid grid, int turn) {
        int count = contacts.size();
        int layer = grid.side * grid.side;
        float[] now = new float[count];
        for (int node = turn * layer; node < (turn + 1) * layer; node++) {
            for (int contact = 0; contact < count; contact++) {
                now[contact] = grid.times[contact * grid.nodes + node];
            }
            for (int from = 0; from < count; from++) {
                float least = now[from];
                for (int to = 0; to < count; to++) {
                    least = Math.min(least, changeTimes[from * count + to] + now[to]);
                }
                grid.times[from * grid.nodes + node] = least;
            }
        }
    }

    /** The angle, less whole turns: in [-pi, pi). */
    static double wrapped(double angle) {
        return angle - TURN * Math.floor((angle + Math.PI) / TURN);
    }

    /** A regular grid of poses around one of them; the whole circle, or angles near the goal's. */
    private final class Grid {
        final double centreX;
        final double centreY;
        final double step;
        final int half;
        final int side;
        final int turns;
        final double turnStep;
        final boolean wholeCircle;
        final int nodes;

        /** Indexed by contact, angle, y, x. */
        final float[] times;

        final boolean[] goal;
        final boolean[] inWall;

        Grid(double centreX, double centreY, double step, int half, int turns, double turnStep) {
            this.centreX = centreX;
            this.centreY = centreY;
            this.step = step;
            this.half = half;
            this.side = 2 * half + 1;
            this.turns = turns;
            this.turnStep = turnStep;
            this.wholeCircle = turns * turnStep > TURN - DEGREE;
            this.nodes = turns * side * side;
            this.times = new float[contacts.size() * nodes];
            this.goal = new boolean[nodes];
            this.inWall = new boolean[nodes];
            Arrays.fill(times, NEVER);
            for (int node = 0; node < nodes; node++) {
                goal[node] = isGoal(x(node), y(node), angle(node));
                inWall[node] = isInWall(x(node), y(node), angle(node));
            }
        }

        double x(int node) {
            return centreX + (node % side - half) * step;
        }

        double y(int node) {
            return centreY + (node / side % side - half) * step;
        }

        double angle(int node) {
            int turn = node / (side * side);
            return wholeCircle
                    ? turn * turnStep
                    : TBlock.GOAL_ANGLE + (turn - turns / 2) * turnStep;
        }

        boolean contains(double x, double y, double angle) {
            double reach = half * step;
            return Math.abs(x - centreX) <= reach
                    && Math.abs(y - centreY) <= reach
                    && (wholeCircle
                            || Math.abs(wrapped(angle - TBlock.GOAL_ANGLE))
                                    <= turns / 2 * turnStep);
        }

        float time(int contact, double x, double y, double angle) {
            double last = side - 1.000001;
            double gridX = Math.clamp((x - centreX) / step + half, 0, last);
            double gridY = Math.clamp((y - centreY) / step + half, 0, last);
            double gridTurn =
                    wholeCircle
                            ? (angle - TURN * Math.floor(angle / TURN)) / turnStep
                            : Math.clamp(
                                    wrapped(angle - TBlock.GOAL_ANGLE) / turnStep + turns / 2,
                                    0,
                                    turns - 1.000001);
            int column = (int) gridX;
            int row = (int) gridY;
            int turn = (int) gridTurn;
            float right = (float) (gridX - column);
            float lower = (float) (gridY - row);
            float later = (float) (gridTurn - turn);
            int layer = side * side;
            int base = contact * nodes + row * side + column;
            float here = bilinear(base + turn % turns * layer, right, lower);
            float next = bilinear(base + (turn + 1) % turns * layer, right, lower);
            return (1 - later) * here + later * next;
        }

        private float bilinear(int at, float right, float lower) {
            float upperRow = (1 - right) * times[at] + right * times[at + 1];
            float lowerRow = (1 - right) * times[at + side] + right * times[at + side + 1];
            return (1 - lower) * upperRow + lower * lowerRow;
        }

        private static boolean isInWall(double x, double y, double angle) {
            double cos = Math.cos(angle);
            double sin = Math.sin(angle);
            for (double[] rectangle : TBlock.RECTANGLES) {
                for (int corner = 0; corner < 4; corner++) {
                    double localX = rectangle[corner % 2 == 0 ? 0 : 2];
                    double localY = rectangle[corner < 2 ? 1 : 3] - PushTPhysics.CENTRE_OFFSET;
                    double worldX = x + cos * localX - sin * localY;
                    double worldY = y + sin * localX + cos * localY;
                    if (Math.min(worldX, worldY) < LOW || Math.max(worldX, worldY) > HIGH) {
                        return true;
                    }
                }
            }
            return false;
        }
    }
}
