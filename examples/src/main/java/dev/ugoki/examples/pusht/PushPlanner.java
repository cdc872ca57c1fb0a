package dev.ugoki.examples.pusht;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Solves PushT without having seen anyone do it: it takes the contact that leads to the goal
 * soonest, the way there included (see {@link PushTimes}), pushes as far as that plan says, and
 * plans anew. One instance plays one episode.
 *
 * <p>It is meant to be imitated, which shapes it. The choice depends on the state alone, so that
 * like states are answered alike. It never stops: a disc that comes to rest where two plans are
 * equally good teaches a learner to rest there for ever.
 */
final class PushPlanner implements ChunkPolicy {
    /**
     * How far ahead in time the target is. The disc follows an evenly moving target with the lag
     * damping / stiffness, 20 / 100 seconds.
     */
    private static final double LEAD = 0.2;

    /** A longer push is taken if it loses no more than this share of the time to the goal. */
    private static final double TOLERANCE = 0.04;

    /** In a push the target stays at least this far ahead, in pixels: less near the goal. */
    private static final double LEAST_LEAD = 4;

    private static final double MOST_LEAST_LEAD = 8;
    private static final double LEAD_PER_SECOND = 2;

    /** A push is over when what is left of it is below this share of the least lead. */
    private static final double OVER = 0.3;

    /** Within so many pixels of its end, a push may be made longer. */
    private static final double NEAR_END = 25;

    /** Pixels that weigh as much as a radian when the way on an arc is measured. */
    private static final double LEVER = 50;

    private static final int PUSHES = 48;

    private final PushTimes times;
    private @Nullable Plan plan;

    /** The block's place now: its centre of gravity and angle. */
    private double x;

    private double y;
    private double angle;
    private double cos;
    private double sin;

    /** The disc's place in the block's frame. */
    private double discX;

    private double discY;

    /**
     * What was decided, and where the block was then.
     *
     * @param push pixels of the disc's way along the contact's normal
     * @param time seconds to the goal
     */
    private record Plan(
            int contact, double push, double time, double x, double y, double angle) {}

    PushPlanner(PushTimes times) {
        this.times = times;
    }

    /** One target position. */
    @Override
    public float[] act(Observation observation) {
        PushTState state = observation.current();
        locate(state);
        Plan best = best();
        if (best == null) {
            plan = null;
            return new float[] {(float) state.agentX(), (float) state.agentY()};
        }
        double leastLead =
                Math.clamp(LEAD_PER_SECOND * best.time, LEAST_LEAD, MOST_LEAST_LEAD);
        Plan current = plan;
        double left = current == null ? 0 : current.push - pushed(current);
        if (current == null
                || left < OVER * leastLead
                || current.contact == best.contact && left < NEAR_END && left < best.push) {
            current = best;
            left = best.push;
        }
        plan = current;
        PushContact contact = times.contact(current.contact);
        double[] way = BlockDetour.way(discX, discY, contact, this::isInside);
        return target(contact, way, Math.max(left, leastLead));
    }

    private void locate(PushTState state) {
        angle = state.blockAngle();
        cos = Math.cos(angle);
        sin = Math.sin(angle);
        x = state.blockX() - PushTPhysics.CENTRE_OFFSET * sin;
        y = state.blockY() + PushTPhysics.CENTRE_OFFSET * cos;
        double dx = state.agentX() - x;
        double dy = state.agentY() - y;
        discX = cos * dx + sin * dy;
        discY = -sin * dx + cos * dy;
    }

    /** The quickest plan from here; null where every contact is out of reach. */
    private @Nullable Plan best() {
        List<PushContact> contacts = times.contacts();
        Plan best = null;
        double limit = PushTimes.NEVER;
        for (int i = 0; i < contacts.size(); i++) {
            PushContact contact = contacts.get(i);
            if (!times.isReachable(contact, x, y, angle)) {
                continue;
            }
            double[] way = BlockDetour.way(discX, discY, contact, this::isInside);
            double travel = PushTimes.travelTime(discX, discY, way);
            if (travel >= limit) {
                continue;
            }
            double least = limit - travel;
            for (int j = 0; j <= PUSHES; j++) {
                least = Math.min(least, timeWith(i, contact, push(j)));
            }
            if (least < limit - travel) {
                limit = travel + least;
                double longest = longestWithin(i, contact, least);
                best = new Plan(i, longest, limit, x, y, angle);
            }
        }
        return best;
    }

    private double longestWithin(int index, PushContact contact, double least) {
        double allowed = least + TOLERANCE * Math.min(1, least);
        for (int j = PUSHES; j > 0; j--) {
            if (timeWith(index, contact, push(j)) <= allowed) {
                return push(j);
            }
        }
        return push(0);
    }

    /** The lengths of push that are weighed: 1 to 158 pixels, finer where they are short. */
    private static double push(int index) {
        return 1 + 0.4 * index + 0.06 * index * index;
    }

    private double timeWith(int index, PushContact contact, double push) {
        double shiftX = contact.shiftXAfter(push);
        double shiftY = contact.shiftYAfter(push);
        double afterX = x + cos * shiftX - sin * shiftY;
        double afterY = y + sin * shiftX + cos * shiftY;
        double afterAngle = angle + contact.turnAfter(push);
        double after =
                times.isGoal(afterX, afterY, afterAngle)
                        ? 0
                        : times.time(index, afterX, afterY, afterAngle);
        return push / PushTimes.PUSH_SPEED + after;
    }

    /** How far along the plan's arc the block has come, in pixels of the disc's way. */
    private double pushed(Plan current) {
        PushContact contact = times.contact(current.contact);
        double turned = PushTimes.wrapped(angle - current.angle);
        // The chord of an arc points half of its turn aside from where the arc began.
        double half = turned / 2;
        double towards = current.angle + half;
        double normalX = Math.cos(towards) * contact.normalX() - Math.sin(towards) * contact.normalY();
        double normalY = Math.sin(towards) * contact.normalX() + Math.cos(towards) * contact.normalY();
        double chord = (x - current.x) * normalX + (y - current.y) * normalY;
        double arc = Math.abs(half) < 1e-6 ? chord : chord * half / Math.sin(half);
        double weight = LEVER * LEVER;
        return (arc * contact.speed() + weight * turned * contact.turn())
                / (contact.speed() * contact.speed() + weight * contact.turn() * contact.turn());
    }

    /** Where the disc will be after the lead time, on its way to the contact or pushing there. */
    private float[] target(PushContact contact, double[] way, double push) {
        double left = LEAD;
        double fromX = discX;
        double fromY = discY;
        for (int i = 0; i < way.length; i += 2) {
            boolean closing = way.length > 2 && i + 2 == way.length;
            double speed = closing ? PushTimes.PUSH_SPEED : PushTimes.TRAVEL_SPEED;
            double time = Math.hypot(way[i] - fromX, way[i + 1] - fromY) / speed;
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
        return world(
                contact.shiftXAfter(ahead)
                        + Math.cos(turn) * contact.discX()
                        - Math.sin(turn) * contact.discY(),
                contact.shiftYAfter(ahead)
                        + Math.sin(turn) * contact.discX()
                        + Math.cos(turn) * contact.discY());
    }

    private boolean isInside(double localX, double localY) {
        return PushTimes.isInside(
                x + cos * localX - sin * localY, y + sin * localX + cos * localY);
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
