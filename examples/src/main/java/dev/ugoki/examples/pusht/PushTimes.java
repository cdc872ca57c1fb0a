package dev.ugoki.examples.pusht;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The least time that it takes to bring the block to the goal, for every pose of the block and every
 * contact at which the disc may be: the solution of a dynamic program over arcs (see {@link
 * PushContact}) and changes of contact.
 *
 * <p>Poses are kept on three nested grids, finer around the goal, with linear interpolation between
 * their nodes. The equation is solved by value iteration: in each round a node takes the best of
 * pushing on over some way and changing to another contact.
 */
final class PushTimes {
    /** Pixels per second of the disc while it pushes. */
    static final double PUSH_SPEED = 100;

    /** Pixels per second of the disc on its way to another contact. */
    static final double TRAVEL_SPEED = 160;

    /** Seconds lost by stopping and starting when the contact changes. */
    static final double CHANGE_TIME = 0.6;

    /** Stands for poses and contacts from which there is no way. */
    static final float NEVER = 60;

    /** The coverage that is aimed at. */
    private final double goalCoverage;

    private static final double LOW = 5;
    private static final double HIGH = 506;
    private static final int ROUNDS = 60;

    final List<PushContact> contacts = PushContact.all();
    private final Grid[] grids;
    private final float[] changeTimes;

    /** One grid of poses; the centre of gravity's x and y, and the angle. */
    private final class Grid {
        final double centreX;
        final double centreY;
        final double step;
        final int half;
        final int turns;
        final double turnStep;
        final boolean full;
        final int nodes;

        /** Indexed by contact, then angle, y, x. */
        final float[] times;

        final boolean[] goal;
        final boolean[] inWall;

        Grid(double centreX, double centreY, double step, int half, int turns, double turnStep) {
            this.centreX = centreX;
            this.centreY = centreY;
            this.step = step;
            this.half = half;
            this.turns = turns;
            this.turnStep = turnStep;
            this.full = turns * turnStep > 2 * Math.PI - 1e-9;
            int side = 2 * half + 1;
            this.nodes = turns * side * side;
            this.times = new float[contacts.size() * nodes];
            this.goal = new boolean[nodes];
            this.inWall = new boolean[nodes];
            for (int node = 0; node < nodes; node++) {
                double x = x(node);
                double y = y(node);
                goal[node] = isGoal(x, y, angle(node));
                inWall[node] = isInWall(x, y, angle(node));
            }
            Arrays.fill(times, NEVER);
        }

        int side() {
            return 2 * half + 1;
        }

        double x(int node) {
            return centreX + (node % side() - half) * step;
        }

        double y(int node) {
            return centreY + (node / side() % side() - half) * step;
        }

        double angle(int node) {
            int turn = node / (side() * side());
            return full ? turn * turnStep : TBlock.GOAL_ANGLE + (turn - turns / 2) * turnStep;
        }

        boolean contains(double x, double y, double angle) {
            double reach = half * step;
            return Math.abs(x - centreX) <= reach
                    && Math.abs(y - centreY) <= reach
                    && (full
                            || Math.abs(wrapped(angle - TBlock.GOAL_ANGLE))
                                    <= turns / 2 * turnStep);
        }

        /** Linear interpolation of one contact's times. */
        float time(int contact, double x, double y, double angle) {
            int side = side();
            double gridX = Math.clamp((x - centreX) / step + half, 0, side - 1.000001);
            double gridY = Math.clamp((y - centreY) / step + half, 0, side - 1.000001);
            double gridTurn =
                    full
                            ? (angle - 2 * Math.PI * Math.floor(angle / (2 * Math.PI))) / turnStep
                            : Math.clamp(
                                    wrapped(angle - TBlock.GOAL_ANGLE) / turnStep + turns / 2,
                                    0,
                                    turns - 1.000001);
            int ix = (int) gridX;
            int iy = (int) gridY;
            int turn = (int) gridTurn;
            float fx = (float) (gridX - ix);
            float fy = (float) (gridY - iy);
            float fTurn = (float) (gridTurn - turn);
            int layer = side * side;
            int base = contact * nodes + iy * side + ix;
            int first = base + turn % turns * layer;
            int second = base + (turn + 1) % turns * layer;
            return (1 - fTurn) * bilinear(first, side, fx, fy)
                    + fTurn * bilinear(second, side, fx, fy);
        }

        private float bilinear(int at, int side, float fx, float fy) {
            return (1 - fy) * ((1 - fx) * times[at] + fx * times[at + 1])
                    + fy * ((1 - fx) * times[at + side] + fx * times[at + side + 1]);
        }
    }

    /** Solves the program; takes some seconds. */
    PushTimes(double goalCoverage) {
        this.goalCoverage = goalCoverage;
        double goalX = TBlock.GOAL_X - PushTPhysics.CENTRE_OFFSET * Math.sin(TBlock.GOAL_ANGLE);
        double goalY = TBlock.GOAL_Y + PushTPhysics.CENTRE_OFFSET * Math.cos(TBlock.GOAL_ANGLE);
        double degree = Math.PI / 180;
        grids =
                new Grid[] {
                    new Grid(goalX, goalY, 1, 12, 25, degree),
                    new Grid(goalX, goalY, 3, 14, 29, 3 * degree),
                    new Grid(256, 256, 10, 21, 36, 10 * degree)
                };
        changeTimes = changeTimes();
        for (Grid grid : grids) {
            for (int round = 0; round < ROUNDS; round++) {
                double change = improve(grid);
                System.out.println(grid.step+" "+round+" "+change);
                if (change < 0.01) {
                    break;
                }
            }
        }
        for (int round = 0; round < 3; round++) {
            for (Grid grid : grids) {
                System.out.println(grid.step + " again " + improve(grid));
            }
        }
    }

    private float[] changeTimes() {
        int count = contacts.size();
        float[] result = new float[count * count];
        for (int from = 0; from < count; from++) {
            for (int to = 0; to < count; to++) {
                if (from != to) {
                    PushContact contact = contacts.get(from);
                    double[] way =
                            BlockDetour.way(
                                    contact.discX(),
                                    contact.discY(),
                                    contacts.get(to),
                                    (x, y) -> true);
                    result[from * count + to] =
                            (float) travelTime(contact.discX(), contact.discY(), way);
                }
            }
        }
        return result;
    }

    /** Seconds for a way of {@link BlockDetour}, with the loss for the change where it leaves. */
    static double travelTime(double fromX, double fromY, double[] way) {
        if (way.length == 0) {
            return NEVER;
        }
        double time = BlockDetour.length(fromX, fromY, way) / TRAVEL_SPEED;
        return way.length == 2 ? time : time + CHANGE_TIME;
    }

    /** The least seconds to the goal with the disc at a contact. */
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
        return Math.abs(x - grids0X()) < 30
                && Math.abs(y - grids0Y()) < 30
                && TBlock.coverage(originX, originY, angle) > goalCoverage;
    }

    private static double grids0X() {
        return TBlock.GOAL_X - PushTPhysics.CENTRE_OFFSET * Math.sin(TBlock.GOAL_ANGLE);
    }

    private static double grids0Y() {
        return TBlock.GOAL_Y + PushTPhysics.CENTRE_OFFSET * Math.cos(TBlock.GOAL_ANGLE);
    }

    /** Whether a part of the block would be deeper in a wall than the start states have it. */
    private static boolean isInWall(double x, double y, double angle) {
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        for (double[] r : TBlock.RECTANGLES) {
            for (int corner = 0; corner < 4; corner++) {
                double localX = r[corner % 2 == 0 ? 0 : 2];
                double localY = r[corner < 2 ? 1 : 3] - PushTPhysics.CENTRE_OFFSET;
                double worldX = x + cos * localX - sin * localY;
                double worldY = y + sin * localX + cos * localY;
                if (worldX < LOW || worldX > HIGH || worldY < LOW || worldY > HIGH) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether the disc, and the target ahead of it, stay where targets are allowed. */
    boolean isReachable(PushContact contact, double x, double y, double angle) {
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        double localX = contact.discX() - BlockDetour.APPROACH * contact.normalX();
        double localY = contact.discY() - BlockDetour.APPROACH * contact.normalY();
        double worldX = x + cos * localX - sin * localY;
        double worldY = y + sin * localX + cos * localY;
        return worldX >= 2
                && worldX <= PushTEnvironment.SIDE - 2
                && worldY >= 2
                && worldY <= PushTEnvironment.SIDE - 2;
    }

    /** One round of value iteration over a grid. */
    private double improve(Grid grid) {
        int count = contacts.size();
        float[] old = grid.times.clone();
        double[] ways = {grid.step, 2 * grid.step, 4 * grid.step, 8 * grid.step, 14 * grid.step};
        IntStream.range(0, count)
                .parallel()
                .forEach(contact -> improveByPushing(grid, contact, ways));
        IntStream.range(0, grid.turns).parallel().forEach(turn -> improveByChanging(grid, turn));
        double change = 0;
        for (int i = 0; i < old.length; i++) {
            change = Math.max(change, old[i] - grid.times[i]);
        }
        return change;
    }

    private void improveByChanging(Grid grid, int turn) {
        int count = contacts.size();
        int layer = grid.side() * grid.side();
        float[] best = new float[count];
        for (int node = turn * layer; node < (turn + 1) * layer; node++) {
            for (int c = 0; c < count; c++) {
                best[c] = grid.times[c * grid.nodes + node];
            }
            for (int from = 0; from < count; from++) {
                float least = best[from];
                for (int to = 0; to < count; to++) {
                    least = Math.min(least, changeTimes[from * count + to] + best[to]);
                }
                grid.times[from * grid.nodes + node] = least;
            }
        }
    }

    private void improveByPushing(Grid grid, int index, double[] ways) {
        PushContact contact = contacts.get(index);
        for (double way : ways) {
            double shiftX = contact.shiftXAfter(way);
            double shiftY = contact.shiftYAfter(way);
            double turn = contact.turnAfter(way);
            double angle = 0;
            double cos = 1;
            double sin = 0;
            for (int node = 0; node < grid.nodes; node++) {
                if (node % (grid.side() * grid.side()) == 0) {
                    angle = grid.angle(node);
                    cos = Math.cos(angle);
                    sin = Math.sin(angle);
                }
                int at = index * grid.nodes + node;
                if (grid.goal[node]) {
                    grid.times[at] = 0;
                    continue;
                }
                double x = grid.x(node);
                double y = grid.y(node);
                if (grid.inWall[node] || !isReachable(contact, x, y, angle)) {
                    continue;
                }
                double afterX = x + cos * shiftX - sin * shiftY;
                double afterY = y + sin * shiftX + cos * shiftY;
                double time = way / PUSH_SPEED + time(index, afterX, afterY, angle + turn);
                if (time < grid.times[at]) {
                    grid.times[at] = (float) time;
                }
            }
        }
    }

    static double wrapped(double angle) {
        return angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
    }
}
