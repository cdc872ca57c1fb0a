package dev.ugoki.examples.pusht;

import java.util.ArrayList;
import java.util.List;

/**
 * Ways for the disc around the resting block, in the frame of {@link PushContact}: the shortest of
 * those over the corners of an outline drawn around the block at a distance.
 */
final class BlockDetour {
    /** The disc's centre may come as near to the block as this on its way. */
    private static final double CLEARANCE = 18.5;

    /** From nearer than this the disc first steps away. */
    private static final double COMFORT = 20;

    /** How far before an edge the disc turns towards it. */
    static final double APPROACH = 12;

    private static final double CENTRE = PushTPhysics.CENTRE_OFFSET;
    private static final double CORNER = 26;

    private static final double[][] CORNERS = {
        {-60 - CORNER, -CORNER - CENTRE},
        {60 + CORNER, -CORNER - CENTRE},
        {60 + CORNER, 30 + CORNER - CENTRE},
        {15 + CORNER, 120 + CORNER - CENTRE},
        {-15 - CORNER, 120 + CORNER - CENTRE},
        {-60 - CORNER, 30 + CORNER - CENTRE}
    };

    private BlockDetour() {}

    /** Whether a corner of the outline may be used: walls are in the way of some. */
    interface Passable {
        boolean test(double x, double y);
    }

    /**
     * The way to a contact: x and y of its bends, of the place before the edge, and of the contact.
     * Empty where there is none.
     */
    static double[] way(double fromX, double fromY, PushContact to, Passable passable) {
        double ahead =
                (fromX - to.discX()) * to.normalX() + (fromY - to.discY()) * to.normalY();
        double aside =
                (fromX - to.discX()) * -to.normalY() + (fromY - to.discY()) * to.normalX();
        boolean sliding = Math.abs(ahead) < 4 && Math.abs(aside) < 60 && onEdge(fromX, fromY, to);
        boolean approaching = ahead <= 4 && ahead > -2.5 * APPROACH && Math.abs(aside) < 8;
        if (sliding || approaching) {
            return new double[] {to.discX(), to.discY()};
        }
        List<double[]> way = new ArrayList<>();
        double[] start = stepAway(fromX, fromY);
        if (start[0] != fromX || start[1] != fromY) {
            way.add(start);
        }
        double[] end = {
            to.discX() - APPROACH * to.normalX(), to.discY() - APPROACH * to.normalY()
        };
        if (!addBends(way, start, end, passable)) {
            return new double[0];
        }
        way.add(end);
        way.add(new double[] {to.discX(), to.discY()});
        double[] flat = new double[2 * way.size()];
        for (int i = 0; i < way.size(); i++) {
            flat[2 * i] = way.get(i)[0];
            flat[2 * i + 1] = way.get(i)[1];
        }
        return flat;
    }

    /** Whether the disc lies against the very edge that the contact is on. */
    private static boolean onEdge(double x, double y, PushContact contact) {
        double touchX = x + PushTPhysics.AGENT_RADIUS * contact.normalX();
        double touchY = y + PushTPhysics.AGENT_RADIUS * contact.normalY() + CENTRE;
        return switch (contact.edge()) {
            case 0 -> Math.abs(touchX) < 60 && touchY < 8;
            case 1 -> Math.abs(touchX) < 15 && touchY > 112;
            case 2, 3 -> touchY > 0 && touchY < 30 && Math.abs(touchX) > 52;
            case 4 -> touchX > 30 && touchX < 60 && touchY < 38 && touchY > 22;
            case 5 -> touchX < -30 && touchX > -60 && touchY < 38 && touchY > 22;
            default -> touchY > 45 && touchY < 120 && Math.abs(touchX) < 23;
        };
    }

    /** Moves a point that is too near straight away from the block. */
    private static double[] stepAway(double fromX, double fromY) {
        double x = fromX;
        double y = fromY;
        for (int i = 0; i < 4; i++) {
            double[] away = awayFromNearest(x, y);
            if (away[2] >= COMFORT - 1e-9) {
                break;
            }
            x += away[0] * (COMFORT - away[2]);
            y += away[1] * (COMFORT - away[2]);
        }
        return new double[] {x, y};
    }

    /** The unit direction away from the nearest point of the block, and the distance to it. */
    private static double[] awayFromNearest(double x, double y) {
        double[] best = {0, 0, Double.POSITIVE_INFINITY};
        for (double[] r : TBlock.RECTANGLES) {
            double nearX = Math.clamp(x, r[0], r[2]);
            double nearY = Math.clamp(y + CENTRE, r[1], r[3]);
            double dx = x - nearX;
            double dy = y + CENTRE - nearY;
            double distance = Math.hypot(dx, dy);
            if (distance > 0 && distance < best[2]) {
                best = new double[] {dx / distance, dy / distance, distance};
            } else if (distance == 0) {
                return outOf(r, x, y + CENTRE);
            }
        }
        return best;
    }

    /** The shortest way out of a rectangle from inside, with a negative distance. */
    private static double[] outOf(double[] r, double x, double y) {
        double[] depths = {x - r[0], r[2] - x, y - r[1], r[3] - y};
        int side = 0;
        for (int i = 1; i < 4; i++) {
            if (depths[i] < depths[side]) {
                side = i;
            }
        }
        return switch (side) {
            case 0 -> new double[] {-1, 0, -depths[0]};
            case 1 -> new double[] {1, 0, -depths[1]};
            case 2 -> new double[] {0, -1, -depths[2]};
            default -> new double[] {0, 1, -depths[3]};
        };
    }

    /** Dijkstra's algorithm over start, end and the six corners; false where no way exists. */
    private static boolean addBends(
            List<double[]> way, double[] start, double[] end, Passable passable) {
        int nodes = CORNERS.length + 2;
        double[][] place = new double[nodes][];
        place[0] = start;
        place[1] = end;
        System.arraycopy(CORNERS, 0, place, 2, CORNERS.length);
        double[] distance = new double[nodes];
        int[] before = new int[nodes];
        boolean[] done = new boolean[nodes];
        java.util.Arrays.fill(distance, Double.POSITIVE_INFINITY);
        distance[0] = 0;
        double startClearance = Math.min(CLEARANCE, squareDistance(start[0], start[1]) - 0.5);
        for (int i = 2; i < nodes; i++) {
            done[i] = !passable.test(place[i][0], place[i][1]);
        }
        for (int round = 0; round < nodes; round++) {
            int nearest = -1;
            for (int i = 0; i < nodes; i++) {
                if (!done[i] && (nearest < 0 || distance[i] < distance[nearest])) {
                    nearest = i;
                }
            }
            if (nearest < 0 || distance[nearest] == Double.POSITIVE_INFINITY) {
                return false;
            }
            if (nearest == 1) {
                break;
            }
            done[nearest] = true;
            for (int i = 1; i < nodes; i++) {
                double there =
                        distance[nearest]
                                + Math.hypot(
                                        place[i][0] - place[nearest][0],
                                        place[i][1] - place[nearest][1]);
                if (!done[i] && there < distance[i]
                        && isFree(place[nearest], place[i], nearest == 0 ? startClearance : CLEARANCE)) {
                    distance[i] = there;
                    before[i] = nearest;
                }
            }
        }
        if (distance[1] == Double.POSITIVE_INFINITY) {
            return false;
        }
        int position = way.size();
        for (int i = before[1]; i != 0; i = before[i]) {
            way.add(position, place[i]);
        }
        return true;
    }

    /** The distance to the block in the larger of x and y: how far a mitred outline may reach. */
    private static double squareDistance(double x, double y) {
        double least = Double.POSITIVE_INFINITY;
        for (double[] r : TBlock.RECTANGLES) {
            double dx = x - Math.clamp(x, r[0], r[2]);
            double dy = y + CENTRE - Math.clamp(y + CENTRE, r[1], r[3]);
            least = Math.min(least, Math.max(Math.abs(dx), Math.abs(dy)));
        }
        return least;
    }

    private static boolean isFree(double[] from, double[] to, double clearance) {
        for (double[] r : TBlock.RECTANGLES) {
            double enter = 0;
            double leave = 1;
            for (int axis = 0; axis < 2; axis++) {
                double shift = axis == 0 ? 0 : CENTRE;
                double low = r[axis] - shift - clearance;
                double high = r[axis + 2] - shift + clearance;
                double delta = to[axis] - from[axis];
                double atLow = (low - from[axis]) / delta;
                double atHigh = (high - from[axis]) / delta;
                if (delta == 0) {
                    atLow = from[axis] > low && from[axis] < high ? 0 : 2;
                    atHigh = atLow == 0 ? 1 : 2;
                }
                enter = Math.max(enter, Math.min(atLow, atHigh));
                leave = Math.min(leave, Math.max(atLow, atHigh));
            }
            if (enter < leave) {
                return false;
            }
        }
        return true;
    }

    /** The length of a way from a place to its end. */
    static double length(double fromX, double fromY, double[] way) {
        double length = 0;
        double x = fromX;
        double y = fromY;
        for (int i = 0; i < way.length; i += 2) {
            length += Math.hypot(way[i] - x, way[i + 1] - y);
            x = way[i];
            y = way[i + 1];
        }
        return length;
    }
}
