package dev.ugoki.tck.fuzz;

import dev.ugoki.tck.Layout;
import dev.ugoki.tck.Row;
import dev.ugoki.tck.RowCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws the arguments of one call. Most fit one another, so that calls come past the checks; some
 * are as bad as can be.
 */
final class HostileArguments {
    private static final long[] EXTENTS = {2, 3, 4, 5, 7, 8, 16, 17, 33};
    private static final int MOST_ELEMENTS = 2048;
    private static final long[] EXTREME = {
        Long.MIN_VALUE,
        Long.MIN_VALUE + 1,
        Integer.MIN_VALUE,
        -1000,
        255,
        256,
        65_536,
        1 << 20,
        Integer.MAX_VALUE - 1,
        Integer.MAX_VALUE,
        1L << 31,
        (1L << 32) + 1,
        1L << 40,
        1L << 61,
        1L << 62,
        Long.MAX_VALUE - 1,
        Long.MAX_VALUE
    };
    private static final double[] EXTREME_DOUBLES = {
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        -0.0,
        Double.MIN_VALUE,
        1e-300,
        1e-45,
        1e38,
        3.5e38,
        65504,
        65520,
        1e300,
        Double.MAX_VALUE,
        -Double.MAX_VALUE,
        0x1p53 + 2,
        0x1p63,
        -0x1p63,
        0.1
    };
    private static final String[] EQUATIONS = {
        "ij,jk->ik", "bij,bjk->bik", "ij->ji", "ii->i", "ii", "i,i->", "i,j->ij", "...ij,...jk",
        "...i->...", "ij,j", "abc,cd->abd", "ij,ij->", "abcd->dcba", "i...,i...->i...", "->", "",
        ",", "i", "ij,jk,kl->il"
    };
    private static final String LETTERS = "abijkZ.,-> ?";

    /** What all arguments of a call have in common. */
    enum Theme {
        ANYTHING,
        SCALARS,
        EMPTY,
        BOOLEANS,
        MANY_DTYPES,
        RELEASED,
        TWO_DEVICES,
        SIX_DIMENSIONS,
        EXTREME_NUMBERS
    }

    private final SplittableRandom random;
    private final Device device;
    private final Theme theme;
    private final DType dtype;
    private final Shape shape;
    private boolean tame;
    private boolean exactNumbers;
    private final List<DrawnTensor> tensors = new ArrayList<>();

    HostileArguments(SplittableRandom random, Device device, Theme theme) {
        this.random = random;
        this.device = device;
        this.theme = theme;
        this.dtype = drawDType();
        this.shape = drawShape();
        this.tame = chance(60);
    }

    /** Whether all elements are small round numbers, so that results can be compared. */
    boolean areTame() {
        return tame;
    }

    /** Whether numbers were drawn that not every floating dtype has. */
    boolean hasExactNumbers() {
        return exactNumbers;
    }

    // ---- what can be drawn ----

    static boolean canDraw(Type type) {
        return switch (type) {
            case Class<?> each when each.isArray() -> canDraw(each.getComponentType());
            case Class<?> each when each.isEnum() || each.isPrimitive() -> each != void.class;
            case Class<?> each when each.isSealed() && each.isInterface() ->
                    Arrays.stream(each.getPermittedSubclasses()).allMatch(Class::isRecord);
            case Class<?> each when each.isRecord() && each != Device.class ->
                    Arrays.stream(each.getRecordComponents())
                            .allMatch(component -> canDraw(component.getGenericType()));
            case Class<?> each ->
                    List.of(
                                    Tensor.class,
                                    Shape.class,
                                    Axes.class,
                                    Key.class,
                                    Number.class,
                                    Long.class,
                                    Integer.class,
                                    Double.class,
                                    String.class,
                                    Graph.class,
                                    Device.class)
                            .contains(each);
            case ParameterizedType list when list.getRawType() == List.class ->
                    canDraw(list.getActualTypeArguments()[0]);
            default -> false;
        };
    }

    /** The arguments of {@code target}; a {@link DrawnTensor} stands for a tensor. */
    @Nullable Object[] draw(FuzzTarget target) {
        if (target instanceof FuzzTarget.OfRow row) {
            return ofRow(row.row());
        }
        if (target instanceof FuzzTarget.OfMethod method && chance(60)) {
            @Nullable Object[] fitting = new FittingArguments(this, random).of(method.method());
            if (fitting != null && areOfTypes(fitting, target.parameters())) {
                return spoiled(target, fitting);
            }
        }
        AnnotatedType[] types = target.parameters();
        @Nullable Object[] drawn = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            drawn[i] = draw(types[i]);
        }
        return drawn;
    }

    /** Whether these are arguments of this method, and not of another of its name. */
    private static boolean areOfTypes(@Nullable Object[] values, AnnotatedType[] types) {
        boolean are = values.length == types.length;
        for (int i = 0; are && i < types.length; i++) {
            Object value = values[i];
            Class<?> wanted =
                    value instanceof DrawnTensor
                            ? Tensor.class
                            : value instanceof DrawnTensor[]
                                    ? Tensor[].class
                                    : value == null ? Object.class : value.getClass();
            are =
                    value == null
                            || types[i].getType() instanceof Class<?> type
                                    && MethodType.methodType(type)
                                            .wrap()
                                            .returnType()
                                            .isAssignableFrom(wanted);
        }
        return are;
    }

    /** Arguments that fit, of which one may be replaced by any other. */
    private @Nullable Object[] spoiled(FuzzTarget target, @Nullable Object[] fitting) {
        if (fitting.length > 0 && chance(35)) {
            int which = random.nextInt(fitting.length);
            fitting[which] = draw(target.parameters()[which]);
        }
        return fitting;
    }

    /** The operation and the operands of a row of the kit, of which one thing may be spoiled. */
    private @Nullable Object[] ofRow(Row row) {
        DType[] dtypes = row.dtypes().stream().sorted().toArray(DType[]::new);
        DType of = dtypes.length == 0 ? dtype : pick(dtypes);
        Op op = row.op().apply(of);
        List<Tensor> values = RowCheck.REFERENCE.call(() -> RowCheck.makeOperands(row, of));
        DrawnTensor[] operands = new DrawnTensor[values.size()];
        for (int i = 0; i < operands.length; i++) {
            boolean spoil = chance(5);
            operands[i] = spoil ? tensor() : laidOut(values.get(i));
        }
        tame = false;
        boolean inPlace = op.overwrites(0) >= 0 && chance(50);
        return new Object[] {chance(25) ? respelled(op) : op, operands, inPlace};
    }

    /** The operation with one of its settings drawn anew. */
    private Op respelled(Op op) {
        RecordComponent[] components = op.getClass().getRecordComponents();
        if (components == null || components.length == 0 || op instanceof Prim.Loop) {
            return op;
        }
        Object[] settings = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        int which = random.nextInt(components.length);
        try {
            for (int i = 0; i < settings.length; i++) {
                types[i] = components[i].getType();
                Type type = components[i].getGenericType();
                settings[i] =
                        i == which && canDraw(type)
                                ? draw(type)
                                : components[i].getAccessor().invoke(op);
            }
            return (Op) op.getClass().getDeclaredConstructor(types).newInstance(settings);
        } catch (InvocationTargetException e) {
            throw new Refused(op.getClass(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A tensor of these values in some layout, in some state. */
    DrawnTensor laidOut(Tensor values) {
        Layout layout = chance(50) ? Layout.CONTIGUOUS : pick(Layout.values());
        int kind = random.nextInt(100);
        DrawnTensor.State state =
                kind < 3 || theme == Theme.RELEASED
                        ? DrawnTensor.State.RELEASED
                        : kind < 5 || theme == Theme.TWO_DEVICES && kind < 50
                                ? DrawnTensor.State.ON_ANOTHER_DEVICE
                                : DrawnTensor.State.USUAL;
        Layout used = layout.canHold(values.shape()) ? layout : Layout.CONTIGUOUS;
        Tensor seen = RowCheck.REFERENCE.call(() -> used.values(values));
        return new DrawnTensor(seen, used, state, DrawnTensor.Alias.NONE, null);
    }

    /** A tensor of small numbers, or of indices up to {@code most}, for a call that fits. */
    DrawnTensor fitting(DType of, long most, long... extents) {
        return laidOut(RowCheck.REFERENCE.call(() -> smallValues(of, most, extents)));
    }

    private Tensor smallValues(DType of, long most, long... extents) {
        double[] values = new double[(int) Shape.of(extents).elementCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    of.isFloating() ? random.nextInt(-8, 9) / 4.0 : random.nextLong(0, most + 1);
        }
        return Tensor.of(values, extents).cast(of);
    }

    /** A floating dtype, mostly F32. */
    DType floating() {
        return chance(60) ? DType.F32 : pick(new DType[] {DType.F64, DType.F16, DType.BF16});
    }

    /** An argument; a {@link DrawnTensor}, alone or in an array or list, stands for a tensor. */
    @Nullable Object draw(AnnotatedType type) {
        return type.isAnnotationPresent(Nullable.class) && chance(30) ? null : draw(type.getType());
    }

    private Object draw(Type type) {
        return switch (type) {
            case Class<?> each when each == Tensor.class -> tensor();
            case Class<?> each when each == Tensor[].class ->
                    tensors(chance(8) ? 11 : random.nextInt(6));
            case Class<?> each when each.isArray() -> array(each.getComponentType());
            case Class<?> each when each.isEnum() -> pick(each.getEnumConstants());
            case Class<?> each when each == Device.class -> drawDevice();
            case Class<?> each when each.isRecord() -> drawRecord(each);
            case Class<?> each when each.isSealed() && each.isInterface() -> {
                Class<?> record = pick(each.getPermittedSubclasses());
                yield holdsTensors(record) ? part(each) : drawRecord(record);
            }
            case Class<?> each -> drawSimple(each);
            case ParameterizedType list -> list(list.getActualTypeArguments()[0]);
            default -> throw new IllegalArgumentException("cannot draw a " + type);
        };
    }

    private Object drawSimple(Class<?> type) {
        return switch (type.getSimpleName()) {
            case "int", "Integer" -> (int) whole();
            case "long", "Long" -> whole();
            case "double", "Double" -> number();
            case "float" -> (float) number();
            case "boolean" -> random.nextBoolean();
            case "byte" -> (byte) random.nextInt();
            case "short" -> (short) random.nextInt();
            case "char" -> (char) random.nextInt(128);
            case "Number" -> chance(50) ? (Number) whole() : (Number) number();
            case "Shape" -> Shape.of(extents(false));
            case "Axes" -> Axes.of(dims());
            case "Key" -> Key.of(random.nextLong());
            case "String" -> equation();
            case "Graph" -> program();
            default -> throw new IllegalArgumentException("cannot draw a " + type);
        };
    }

    // ---- numbers ----

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private <T> T pick(T[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private DType drawDType() {
        return theme == Theme.BOOLEANS
                ? DType.BOOL
                : chance(60) ? (chance(70) ? DType.F32 : DType.F64) : pick(DType.values());
    }

    private long whole() {
        int kind = theme == Theme.EXTREME_NUMBERS ? 99 : random.nextInt(100);
        if (kind < 45) {
            return random.nextLong(0, 4);
        }
        if (kind < 60) {
            return random.nextLong(-4, 0);
        }
        if (kind < 75) {
            return random.nextLong(0, 20);
        }
        if (kind < 83 && shape.rank() > 0) {
            return shape.extent(random.nextInt(shape.rank()));
        }
        exactNumbers = true;
        return EXTREME[random.nextInt(EXTREME.length)];
    }

    private double number() {
        int kind = theme == Theme.EXTREME_NUMBERS ? 99 : random.nextInt(100);
        if (kind < 40) {
            return random.nextInt(-8, 9) / 4.0;
        }
        if (kind < 55) {
            return random.nextLong(-4, 5);
        }
        exactNumbers = true;
        return kind < 70
                ? random.nextDouble(0, 1)
                : EXTREME_DOUBLES[random.nextInt(EXTREME_DOUBLES.length)];
    }

    // ---- shapes and dimensions ----

    private Shape drawShape() {
        int kind = random.nextInt(100);
        int rank = kind < 8 ? 0 : kind < 26 ? 1 : kind < 50 ? 2 : kind < 68 ? 3 : kind < 88 ? 4 : 5;
        if (kind >= 95 || theme == Theme.SIX_DIMENSIONS) {
            rank = 6;
        }
        rank = theme == Theme.SCALARS ? 0 : theme == Theme.EMPTY ? Math.max(1, rank) : rank;
        long[] extents = new long[rank];
        long count = 1;
        for (int dim = 0; dim < rank; dim++) {
            long extent = chance(4) ? 0 : chance(20) ? 1 : EXTENTS[random.nextInt(EXTENTS.length)];
            extents[dim] = count * extent > MOST_ELEMENTS ? 1 : extent;
            count *= Math.max(1, extents[dim]);
        }
        if (theme == Theme.EMPTY) {
            extents[random.nextInt(rank)] = 0;
        }
        if (rank >= 2 && chance(25)) {
            extents[rank - 1] = Math.min(extents[rank - 1], extents[rank - 2]);
            extents[rank - 2] = extents[rank - 1];
        }
        return Shape.of(extents);
    }

    /** Extents that make a shape, unless {@code raw}: then they may be anything. */
    private long[] extents(boolean raw) {
        long[] own = shape.toArray();
        int kind = random.nextInt(100);
        if (kind < 30) {
            return own;
        }
        if (kind < 40) {
            return new long[] {shape.elementCount()};
        }
        if (kind < 55 && own.length > 0) {
            own[random.nextInt(own.length)] = raw ? whole() : random.nextLong(0, 5);
            return own;
        }
        if (kind < 65 && own.length > 0) {
            long swapped = own[0];
            own[0] = own[own.length - 1];
            own[own.length - 1] = swapped;
            return own;
        }
        if (kind < 75 && own.length >= 2) {
            return Arrays.copyOfRange(own, 2, own.length);
        }
        long[] extents = new long[random.nextInt(5)];
        for (int dim = 0; dim < extents.length; dim++) {
            extents[dim] = raw ? whole() : random.nextLong(0, 6);
        }
        if (!raw && extents.length > 0 && chance(30)) {
            extents[0] = EXTREME[random.nextInt(7, EXTREME.length)];
            Arrays.fill(extents, 1, extents.length, 1);
        }
        return extents;
    }

    private int[] dims() {
        int rank = shape.rank();
        int[] dims = new int[chance(50) ? rank : random.nextInt(4)];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = chance(85) && rank > 0 ? i % rank : (int) whole();
        }
        for (int i = dims.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int kept = dims[i];
            dims[i] = dims[other];
            dims[other] = kept;
        }
        return dims;
    }

    // ---- arrays, lists, records ----

    private Object array(Class<?> component) {
        if (component == long.class) {
            return extents(true);
        }
        if (component == int.class) {
            return dims();
        }
        boolean fills = component.isPrimitive() && chance(50);
        int length = fills ? (int) shape.elementCount() : random.nextInt(5);
        if (component.isArray() && chance(70)) {
            length = shape.rank();
        }
        if (component.isSealed() && component.isInterface() && length > 0) {
            DrawnRecord[] parts = new DrawnRecord[length];
            Arrays.setAll(parts, _ -> part(component));
            return parts;
        }
        Object array = Array.newInstance(component, length);
        for (int i = 0; i < length; i++) {
            Array.set(
                    array,
                    i,
                    component == long[].class && chance(80)
                            ? new long[] {random.nextLong(0, 3), random.nextLong(0, 3)}
                            : draw((Type) component));
        }
        return array;
    }

    private static boolean holdsTensors(Class<?> record) {
        return Arrays.stream(record.getRecordComponents())
                .anyMatch(component -> component.getType() == Tensor.class);
    }

    private DrawnTensor[] tensors(int count) {
        DrawnTensor[] drawn = new DrawnTensor[count];
        int alike = chance(30) ? random.nextInt(1, 5) : 0;
        for (int i = 0; i < count; i++) {
            drawn[i] =
                    alike == 0
                            ? tensor()
                            : i > 0 && chance(5)
                                    ? aliasOf(drawn[i - 1])
                                    : plain(i < alike ? shape : Shape.SCALAR);
        }
        return drawn;
    }

    private DrawnTensor plain(Shape extents) {
        Tensor values = RowCheck.REFERENCE.call(() -> values(dtype, extents));
        return new DrawnTensor(
                values, Layout.CONTIGUOUS, DrawnTensor.State.USUAL, DrawnTensor.Alias.NONE, null);
    }

    private List<?> list(Type component) {
        int rank = shape.rank();
        int length = chance(40) ? rank : chance(60) ? Math.max(0, rank - 2) : random.nextInt(4);
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            list.add(draw(component));
        }
        return list;
    }

    /** One of a family of records that may hold tensors. */
    private DrawnRecord part(Class<?> family) {
        Class<?> type = pick(family.getPermittedSubclasses());
        List<Object> components = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            components.add(
                    component.getType() == Tensor.class
                            ? heldTensor(type)
                            : draw(component.getGenericType()));
        }
        return new DrawnRecord(family, type.getConstructors()[0], components);
    }

    /** Mostly indices, or a mask, since that is what records hold. */
    private DrawnTensor heldTensor(Class<?> holder) {
        if (chance(20)) {
            return tensor();
        }
        boolean isMask = holder.getSimpleName().contains("Mask");
        long[] extents = isMask ? shape.toArray() : new long[] {random.nextLong(1, 4)};
        return extents.length == 0
                ? tensor()
                : fitting(isMask ? DType.BOOL : DType.I64, isMask ? 1 : 2, extents);
    }

    private Object drawRecord(Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        boolean harmless = chance(60);
        for (int i = 0; i < values.length; i++) {
            Class<?> each = components[i].getType();
            values[i] =
                    harmless && each == long.class
                            ? (Object) harmless(components[i].getName())
                            : draw(components[i].getGenericType());
        }
        try {
            return Arrays.stream(type.getConstructors())
                    .filter(each -> each.getParameterCount() == components.length)
                    .findFirst()
                    .orElseThrow()
                    .newInstance(values);
        } catch (InvocationTargetException e) {
            // A value that the record refuses by itself: there is nothing to call with it.
            throw new Refused(type, e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A number that a step, a window or an edge can have. */
    private long harmless(String component) {
        return switch (component) {
            case "step" -> pick(new Long[] {1L, 1L, 2L, -1L});
            case "stride", "dilation" -> random.nextLong(1, 3);
            case "count" -> random.nextLong(0, 3);
            default -> random.nextLong(0, 2);
        };
    }

    /** A record's own constructor refused what it was given. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(Class<?> type, @Nullable Throwable cause) {
            super(type.getSimpleName(), cause);
        }
    }

    private Device drawDevice() {
        int kind = random.nextInt(10);
        return kind < 6
                ? device
                : kind < 8 ? RowCheck.REFERENCE : new Device(kind == 8 ? "nowhere" : "cpu", 9);
    }

    private String equation() {
        if (chance(80)) {
            return pick(EQUATIONS);
        }
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(8); i > 0; i--) {
            text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return text.toString();
    }

    /** The body of a loop over one or two values. */
    private Graph program() {
        TensorType step = new TensorType(chance(90) ? DType.I64 : DType.F32, Shape.SCALAR);
        TensorType carried = new TensorType(dtype == DType.BOOL ? DType.I32 : dtype, shape);
        return chance(50)
                ? Graph.trace(in -> new Tensor[] {in[1].add(in[1])}, step, carried)
                : Graph.trace(in -> new Tensor[] {in[1].mul(in[2])}, step, carried, carried);
    }

    // ---- tensors ----

    private DrawnTensor tensor() {
        DrawnTensor drawn = drawTensor();
        tensors.add(drawn);
        return drawn;
    }

    private DrawnTensor drawTensor() {
        if (!tensors.isEmpty() && chance(12)) {
            return aliasOf(tensors.get(random.nextInt(tensors.size())));
        }
        DType of =
                theme == Theme.MANY_DTYPES
                        ? pick(DType.values())
                        : chance(78) ? dtype : chance(50) ? DType.I64 : pick(DType.values());
        Shape extents = chance(55) ? shape : related();
        Tensor values = RowCheck.REFERENCE.call(() -> values(of, extents));
        return laidOut(values);
    }

    private DrawnTensor aliasOf(DrawnTensor original) {
        DrawnTensor.Alias alias = pick(DrawnTensor.Alias.values());
        Tensor values = original.values();
        return switch (alias) {
            case NONE, SAME -> original;
            case FLIPPED ->
                    values.rank() == 0
                            ? original
                            : new DrawnTensor(
                                    values.flip(0).contiguous(),
                                    original.layout(),
                                    original.state(),
                                    alias,
                                    original);
            case TRANSPOSED ->
                    values.rank() < 2
                            ? original
                            : new DrawnTensor(
                                    values.transpose(0, -1).contiguous(),
                                    original.layout(),
                                    original.state(),
                                    alias,
                                    original);
        };
    }

    /** A shape that may go with the usual one. */
    private Shape related() {
        long[] own = shape.toArray();
        int rank = own.length;
        switch (random.nextInt(7)) {
            case 0 -> {
                if (rank > 0) {
                    own[random.nextInt(rank)] = 1;
                }
            }
            case 1 -> own = rank > 0 ? Arrays.copyOfRange(own, 1, rank) : own;
            case 2 -> own = rank > 0 ? new long[] {own[rank - 1]} : own;
            case 3 -> {
                if (rank > 1) {
                    long last = own[rank - 1];
                    own[rank - 1] = own[rank - 2];
                    own[rank - 2] = last;
                }
            }
            case 4 -> own = rank > 1 ? new long[] {own[1]} : new long[0];
            case 5 -> {
                if (rank > 0) {
                    own[random.nextInt(rank)] = random.nextLong(0, 6);
                }
            }
            default -> {
                return drawShape();
            }
        }
        return Shape.of(own);
    }

    /** A tensor on the current device. */
    private Tensor values(DType of, Shape extents) {
        int count = (int) extents.elementCount();
        if (of.isFloating()) {
            double[] doubles = new double[count];
            for (int i = 0; i < count; i++) {
                doubles[i] =
                        tame || chance(80)
                                ? random.nextInt(-8, 9) / 4.0
                                : EXTREME_DOUBLES[random.nextInt(EXTREME_DOUBLES.length)];
            }
            return Tensor.of(doubles, extents.toArray()).cast(of);
        }
        boolean indices = chance(70);
        long[] longs = new long[count];
        for (int i = 0; i < count; i++) {
            longs[i] =
                    tame || chance(80)
                            ? random.nextLong(indices ? 0 : -3, indices ? 2 : 4)
                            : EXTREME[random.nextInt(EXTREME.length)];
        }
        return Tensor.of(longs, extents.toArray()).cast(of);
    }
}
