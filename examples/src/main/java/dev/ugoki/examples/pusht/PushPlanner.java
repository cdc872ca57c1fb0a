package dev.ugoki.examples.pusht;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Solves PushT without having seen anyone do it: in each step it chooses the contact that leads to
 * the goal soonest, counting the way there, and gives a target a little ahead on that way.
 *
 * <p>The choice depends on the state alone, but for a slight preference for what was chosen before,
 * so that similar states are answered alike; that makes good demonstrations.
 */
final class PushPlanner {
    /** The disc follows a target that moves evenly with this lag: twice one over ten per second. */
    private static final double LEAD_SECONDS = 0.2;

    /** A longer push is taken if it costs no more seconds than this, per second to the goal. */
    private static final double TOLERANCE = 0.04;

    /** A push is over when this many pixels are left of it. */
    private static final double DONE = 0.5;

    private static final double FURTHER = 25;

    /** Pixels that weigh as much as a radian when the way on an arc is measured. */
    private static final double LEVER = 50;

    private static final int WAYS = 48;

    private final PushTimes times;
    private @Nullable Plan plan;

    /** The pose in which the plan was made. */
    private double startX;

    private double startY;
    private double startAngle;

    /** The pose of the block's centre of gravity. */
    private double x;

    private double y;
    private double angle;
    private double cos;
    private double sin;

    PushPlanner(PushTimes times) {
        this.times = times;
    }

    /** A contact, and how far to push there. */
    private record Plan(int contact, double push, double time) {}

    /** The next target position, pixels. */
    float[] act(PushTState state) {
        angle = state.blockAngle();
        cos = Math.cos(angle);
        sin = Math.sin(angle);
        x = state.blockX() - PushTPhysics.CENTRE_OFFSET * sin;
        y = state.blockY() + PushTPhysics.CENTRE_OFFSET * cos;
        double dx = state.agentX() - x;
        double dy = state.agentY() - y;
        double agentX = cos * dx + sin * dy;
        double agentY = -sin * dx + cos * dy;
        double left = plan == null ? 0 : plan.push - pushed();
        Plan now = best(agentX, agentY);
        boolean over = plan == null || left < DONE;
        boolean further = plan != null && now != null && now.contact == plan.contact
                && now.push > left && left < FURTHER;
        if (over || further) {
            plan = now;
            if (plan == null) {
                return new float[] {(float) state.agentX(), (float) state.agentY()};
            }
            left = plan.push;
            startX = x;
            startY = y;
            startAngle = angle;
        }
        PushContact contact = times.contacts.get(plan.contact);
        double[] way = BlockDetour.way(agentX, agentY, contact, this::isInside);
        if (way.length == 0) {
            plan = null;
            return new float[] {(float) state.agentX(), (float) state.agentY()};
        }
        return ahead(contact, way, left, agentX, agentY);
    }

    /** How far along the plan's arc the block has come, in pixels of the disc's way. */
    private double pushed() {
        PushContact contact = times.contacts.get(plan.contact);
        double startCos = Math.cos(startAngle);
        double startSin = Math.sin(startAngle);
        double dx = startCos * (x - startX) + startSin * (y - startY);
        double dy = -startSin * (x - startX) + startCos * (y - startY);
        double turned = PushTimes.wrapped(angle - startAngle);
        double half = turned / 2;
        // The chord of an arc points half of its turn aside.
        double along =
                dx * (Math.cos(half) * contact.normalX() - Math.sin(half) * contact.normalY())
                        + dy * (Math.cos(half) * contact.normalY() + Math.sin(half) * contact.normalX());
        double arc = Math.abs(half) < 1e-6 ? along : along * half / Math.sin(half);
        double weight = LEVER * LEVER;
        return (arc * contact.speed() + weight * turned * contact.turn())
                / (contact.speed() * contact.speed() + weight * contact.turn() * contact.turn());
    }

    private @Nullable Plan best(double agentX, double agentY) {
        List<PushContact> contacts = times.contacts;
        Plan best = null;
        for (int i = 0; i < contacts.size(); i++) {
            PushContact contact = contacts.get(i);
            if (!times.isReachable(contact, x, y, angle)) {
                continue;
            }
            double[] way = BlockDetour.way(agentX, agentY, contact, this::isInside);
            double travel = PushTimes.travelTime(agentX, agentY, way);
            double limit = best == null ? PushTimes.NEVER : best.time;
            if (travel >= limit) {
                continue;
            }
            double least = limit;
            for (int j = 0; j <= WAYS; j++) {
                least = Math.min(least, timeWith(i, contact, way(j)) + travel);
            }
            if (least < limit) {
                double push = 0;
                for (int j = 0; j <= WAYS; j++) {
                    double time = timeWith(i, contact, way(j)) + travel;
                    if (time <= least + TOLERANCE * Math.min(1, least)) {
                        push = way(j);
                    }
                }
                best = new Plan(i, push, least);
            }
        }
        return best;
    }

    private static double way(int index) {
        return 1 + 0.4 * index + 0.06 * index * index;
    }

    private double timeWith(int index, PushContact contact, double push) {
        return push / PushTimes.PUSH_SPEED + timeAfter(index, contact, push);
    }

    private double timeAfter(int index, PushContact contact, double push) {
        double shiftX = contact.shiftXAfter(push);
        double shiftY = contact.shiftYAfter(push);
        double afterX = x + cos * shiftX - sin * shiftY;
        double afterY = y + sin * shiftX + cos * shiftY;
        double afterAngle = angle + contact.turnAfter(push);
        if (times.isGoal(afterX, afterY, afterAngle)) {
            return 0;
        }
        return times.time(index, afterX, afterY, afterAngle);
    }

    private boolean isInside(double localX, double localY) {
        double worldX = x + cos * localX - sin * localY;
        double worldY = y + sin * localX + cos * localY;
        return worldX > 2
                && worldX < PushTEnvironment.SIDE - 2
                && worldY > 2
                && worldY < PushTEnvironment.SIDE - 2;
    }

    /** The point that the disc should head for, to be where the plan wants it with its lag. */
    private float[] ahead(
            PushContact contact, double[] way, double push, double agentX, double agentY) {
        double left = LEAD_SECONDS;
        double fromX = agentX;
        double fromY = agentY;
        for (int i = 0; i < way.length; i += 2) {
            boolean last = i + 2 == way.length;
            double speed =
                    last && way.length > 2 ? PushTimes.PUSH_SPEED : PushTimes.TRAVEL_SPEED;
            double length = Math.hypot(way[i] - fromX, way[i + 1] - fromY);
            double time = length / speed;
            if (time >= left) {
                double share = left / time;
                return world(
                        fromX + share * (way[i] - fromX), fromY + share * (way[i + 1] - fromY));
            }
            left -= time;
            fromX = way[i];
            fromY = way[i + 1];
        }
        double ahead = Math.min(push, left * PushTimes.PUSH_SPEED);
        double turn = contact.turnAfter(ahead);
        double turnCos = Math.cos(turn);
        double turnSin = Math.sin(turn);
        return world(
                contact.shiftXAfter(ahead)
                        + turnCos * contact.discX()
                        - turnSin * contact.discY(),
                contact.shiftYAfter(ahead)
                        + turnSin * contact.discX()
                        + turnCos * contact.discY());
    }

    private float[] world(double localX, double localY) {
        double worldX = x + cos * localX - sin * localY;
        double worldY = y + sin * localX + cos * localY;
        return new float[] {
            (float) Math.clamp(worldX, 0, PushTEnvironment.SIDE),
            (float) Math.clamp(worldY, 0, PushTEnvironment.SIDE)
        };
    }
}
