package dev.ugoki.examples.pusht;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** PushT in the original physics engine: Debian's libchipmunk7, to compare ours with. */
@SuppressWarnings("restricted")
final class Chipmunk {
    private static final StructLayout VECTOR =
            MemoryLayout.structLayout(JAVA_DOUBLE.withName("x"), JAVA_DOUBLE.withName("y"));
    private static final StructLayout TRANSFORM =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(6, JAVA_DOUBLE));

    private final Arena arena = Arena.ofAuto();
    private final SymbolLookup library;
    private final MemorySegment space;
    private final MemorySegment agent;
    private final MemorySegment block;
    private final MethodHandle getPosition;
    private final MethodHandle getVelocity;
    private final MethodHandle setVelocity;
    private final MethodHandle getAngle;
    private final MethodHandle stepSpace;

    static Optional<SymbolLookup> library() {
        try {
            return Optional.of(SymbolLookup.libraryLookup("libchipmunk.so.7", Arena.global()));
        } catch (IllegalArgumentException absent) {
            return Optional.empty();
        }
    }

    /** A scene as the task's original sets it up; positions are set before or after the angle. */
    Chipmunk(SymbolLookup library, PushTState state, boolean angleFirst) {
        this.library = library;
        space = (MemorySegment) call("cpSpaceNew", FunctionDescriptor.of(ADDRESS));
        discardGreeting();
        call("cpSpaceSetDamping", FunctionDescriptor.ofVoid(ADDRESS, JAVA_DOUBLE), space, 0.0);
        addWalls();
        agent = (MemorySegment) call("cpBodyNewKinematic", FunctionDescriptor.of(ADDRESS));
        setVector("cpBodySetPosition", agent, 256, 400);
        addBody(agent);
        addShape(
                "cpCircleShapeNew",
                FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_DOUBLE, VECTOR),
                agent,
                15.0,
                vector(0, 0));
        block =
                (MemorySegment)
                        call(
                                "cpBodyNew",
                                FunctionDescriptor.of(ADDRESS, JAVA_DOUBLE, JAVA_DOUBLE),
                                1.0,
                                3000.0);
        setVector("cpBodySetCenterOfGravity", block, 0, 45);
        setAngle(0);
        setVector("cpBodySetPosition", block, 256, 300);
        addBody(block);
        addPolygon(-60, 30, 60, 30, 60, 0, -60, 0);
        addPolygon(-15, 30, -15, 120, 15, 120, 15, 30);
        getPosition = handle("cpBodyGetPosition", FunctionDescriptor.of(VECTOR, ADDRESS));
        getVelocity = handle("cpBodyGetVelocity", FunctionDescriptor.of(VECTOR, ADDRESS));
        setVelocity = handle("cpBodySetVelocity", FunctionDescriptor.ofVoid(ADDRESS, VECTOR));
        getAngle = handle("cpBodyGetAngle", FunctionDescriptor.of(JAVA_DOUBLE, ADDRESS));
        stepSpace = handle("cpSpaceStep", FunctionDescriptor.ofVoid(ADDRESS, JAVA_DOUBLE));

        setVector("cpBodySetPosition", agent, state.agentX(), state.agentY());
        if (angleFirst) {
            setAngle(state.blockAngle());
        }
        setVector("cpBodySetPosition", block, state.blockX(), state.blockY());
        if (!angleFirst) {
            setAngle(state.blockAngle());
        }
    }

    void step() {
        try {
            stepSpace.invoke(space, 0.01);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    void substep(double targetX, double targetY) {
        try {
            var position = (MemorySegment) getPosition.invoke((SegmentAllocator) arena, agent);
            var velocity = (MemorySegment) getVelocity.invoke((SegmentAllocator) arena, agent);
            double vx = velocity.getAtIndex(JAVA_DOUBLE, 0);
            double vy = velocity.getAtIndex(JAVA_DOUBLE, 1);
            double ax = 100 * (targetX - position.getAtIndex(JAVA_DOUBLE, 0)) + 20 * (0 - vx);
            double ay = 100 * (targetY - position.getAtIndex(JAVA_DOUBLE, 1)) + 20 * (0 - vy);
            setVelocity.invoke(agent, vector(vx + ax * 0.01, vy + ay * 0.01));
            step();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    PushTState state() {
        try {
            var disc = (MemorySegment) getPosition.invoke((SegmentAllocator) arena, agent);
            var place = (MemorySegment) getPosition.invoke((SegmentAllocator) arena, block);
            return new PushTState(
                    disc.getAtIndex(JAVA_DOUBLE, 0),
                    disc.getAtIndex(JAVA_DOUBLE, 1),
                    place.getAtIndex(JAVA_DOUBLE, 0),
                    place.getAtIndex(JAVA_DOUBLE, 1),
                    (double) getAngle.invoke(block));
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private void addWalls() {
        var ground =
                (MemorySegment)
                        call(
                                "cpSpaceGetStaticBody",
                                FunctionDescriptor.of(ADDRESS, ADDRESS),
                                space);
        double[][] walls = {{5, 506, 5, 5}, {5, 5, 506, 5}, {506, 5, 506, 506}, {5, 506, 506, 506}};
        for (double[] wall : walls) {
            addShape(
                    "cpSegmentShapeNew",
                    FunctionDescriptor.of(ADDRESS, ADDRESS, VECTOR, VECTOR, JAVA_DOUBLE),
                    ground,
                    vector(wall[0], wall[1]),
                    vector(wall[2], wall[3]),
                    2.0);
        }
    }

    private void addPolygon(double... corners) {
        MemorySegment vertices = arena.allocateFrom(JAVA_DOUBLE, corners);
        MemorySegment identity = arena.allocate(TRANSFORM);
        identity.setAtIndex(JAVA_DOUBLE, 0, 1);
        identity.setAtIndex(JAVA_DOUBLE, 3, 1);
        addShape(
                "cpPolyShapeNew",
                FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, ADDRESS, TRANSFORM, JAVA_DOUBLE),
                block,
                corners.length / 2,
                vertices,
                identity,
                0.0);
    }

    private void addShape(String maker, FunctionDescriptor descriptor, Object... arguments) {
        var twoAddresses = FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS);
        call("cpSpaceAddShape", twoAddresses, space, call(maker, descriptor, arguments));
    }

    private void addBody(MemorySegment body) {
        call("cpSpaceAddBody", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS), space, body);
    }

    private void setAngle(double angle) {
        call("cpBodySetAngle", FunctionDescriptor.ofVoid(ADDRESS, JAVA_DOUBLE), block, angle);
    }

    private void setVector(String setter, MemorySegment body, double x, double y) {
        call(setter, FunctionDescriptor.ofVoid(ADDRESS, VECTOR), body, vector(x, y));
    }

    private MemorySegment vector(double x, double y) {
        MemorySegment vector = arena.allocate(VECTOR);
        vector.setAtIndex(JAVA_DOUBLE, 0, x);
        vector.setAtIndex(JAVA_DOUBLE, 1, y);
        return vector;
    }

    /** Debian's build greets on the C library's buffered stdout, which belongs to the build. */
    private void discardGreeting() {
        Linker linker = Linker.nativeLinker();
        MemorySegment stdout =
                linker.defaultLookup().findOrThrow("stdout").reinterpret(8).get(ADDRESS, 0);
        try {
            linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("__fpurge"),
                            FunctionDescriptor.ofVoid(ADDRESS))
                    .invoke(stdout);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
    }

    private Object call(String name, FunctionDescriptor descriptor, Object... arguments) {
        try {
            return handle(name, descriptor).invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
