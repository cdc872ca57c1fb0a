package dev.ugoki.examples.pusht;

import java.util.ArrayList;
import java.util.List;

/**
 * A place at which the disc can push the block, in a frame that turns with the block and has its
 * origin in the block's centre of gravity.
 *
 * <p>Without friction a push acts along the edge's normal n. At the arm r it moves the block with a
 * velocity along n and a spin in the ratio 1 : (r x n) / moment, for as long as the disc keeps to
 * the same place on the edge. So the block travels on an arc that depends on the contact alone, and
 * that is what the planner plans with.
 *
 * @param edge the number of the edge: a disc can slide along an edge without losing contact
 * @param discX where the disc's centre is while it touches
 * @param discY see {@code discX}
 * @param normalX unit normal of the edge, from the disc into the block
 * @param normalY see {@code normalX}
 * @param speed pixels that the block's centre moves along n per pixel of the disc's way along n
 * @param turn radians that the block turns per pixel of the disc's way along n
 */
record PushContact(
        int edge,
        double discX,
        double discY,
        double normalX,
        double normalY,
        double speed,
        double turn) {

    private static final double RADIUS = PushTPhysics.AGENT_RADIUS;

    /** All contacts that the planner considers, edge by edge. */
    static List<PushContact> all() {
        List<PushContact> contacts = new ArrayList<>();
        if (Integer.getInteger("set", 0) == 0) {
        addEdge(contacts, 0, 0, 1, new double[] {-50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50}, 0);
        addEdge(contacts, 1, 0, -1, new double[] {-8, 0, 8}, 120);
        addEdge(contacts, 2, -1, 0, new double[] {8, 15, 22}, 60);
        addEdge(contacts, 3, 1, 0, new double[] {8, 15, 22}, -60);
        addEdge(contacts, 4, 0, -1, new double[] {35, 43, 51}, 30);
        addEdge(contacts, 5, 0, -1, new double[] {-51, -43, -35}, 30);
        double[] alongStem = {51, 61, 71, 81, 91, 101, 111};
        addEdge(contacts, 6, -1, 0, alongStem, 15);
        addEdge(contacts, 7, 1, 0, alongStem, -15);
        } else {
        addEdge(contacts, 0, 0, 1, new double[] {-48, -24, 0, 24, 48}, 0);
        addEdge(contacts, 1, 0, -1, new double[] {0}, 120);
        addEdge(contacts, 2, -1, 0, new double[] {15}, 60);
        addEdge(contacts, 3, 1, 0, new double[] {15}, -60);
        addEdge(contacts, 4, 0, -1, new double[] {40}, 30);
        addEdge(contacts, 5, 0, -1, new double[] {-40}, 30);
        double[] alongStem = {55, 80, 108};
        addEdge(contacts, 6, -1, 0, alongStem, 15);
        addEdge(contacts, 7, 1, 0, alongStem, -15);
        }
        return contacts;
    }

    /** Adds the contacts of one edge at these places along it; the other coordinate is fixed. */
    private static void addEdge(
            List<PushContact> contacts,
            int edge,
            double normalX,
            double normalY,
            double[] along,
            double across) {
        for (double place : along) {
            double x = normalX == 0 ? place : across;
            double y = (normalX == 0 ? across : place) - PushTPhysics.CENTRE_OFFSET;
            double moment = x * normalY - y * normalX;
            double speed = 1 / (1 + moment * moment * PushTPhysics.INVERSE_MOMENT);
            contacts.add(
                    new PushContact(
                            edge,
                            x - RADIUS * normalX,
                            y - RADIUS * normalY,
                            normalX,
                            normalY,
                            speed,
                            speed * moment * PushTPhysics.INVERSE_MOMENT));
        }
    }

    /** How the block turns in a push over {@code way} pixels. */
    double turnAfter(double way) {
        return turn * way;
    }

    /** How the block's centre moves in a push over {@code way} pixels, in the frame before it. */
    double shiftXAfter(double way) {
        double angle = turnAfter(way);
        double along = along(angle) * speed * way;
        double sideways = sideways(angle) * speed * way;
        return along * normalX - sideways * normalY;
    }

    /** See {@link #shiftXAfter}. */
    double shiftYAfter(double way) {
        double angle = turnAfter(way);
        double along = along(angle) * speed * way;
        double sideways = sideways(angle) * speed * way;
        return along * normalY + sideways * normalX;
    }

    private static double along(double angle) {
        return Math.abs(angle) < 1e-6 ? 1 : Math.sin(angle) / angle;
    }

    private static double sideways(double angle) {
        return Math.abs(angle) < 1e-6 ? angle / 2 : (1 - Math.cos(angle)) / angle;
    }
}
