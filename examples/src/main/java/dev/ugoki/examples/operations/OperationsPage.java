package dev.ugoki.examples.operations;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code docs/operations.md}: every primitive, every composite and every public method that makes
 * tensors, with its formula, shapes and source from its Javadoc, and its dtypes and gradients as
 * the backends, the kit and trial calls tell them.
 */
final class OperationsPage {
    private static final String API = "tensor-api/src/main/java/dev/ugoki/tensor";

    /** Folders of packages, below that of {@code dev.ugoki.tensor}; not all need exist. */
    private static final List<String> PACKAGES = List.of("", "op", "geometry");

    /** Public classes whose methods handle tensors without being operations. */
    private static final Set<Class<?>> NOT_OPERATIONS =
            Set.of(Engine.class, TensorScope.class, Key.class);

    /** Parameters of methods for those who interpret operations or own memory. */
    private static final Set<String> INTERNAL =
            Set.of("Payload", "Lineage", "Op", "Composite", "Program", "Graph", "MemorySegment");

    /** The backends that every machine has. */
    private static final List<Device> DEVICES = List.of(Device.cpu(), new Device("reference", 0));

    /** What changes how elements lie, but not what they are. */
    private static final Set<Class<?>> LAYOUT =
            Set.of(
                    Prim.Fill.class,
                    Prim.Reshape.class,
                    Prim.Expand.class,
                    Prim.Permute.class,
                    Prim.Slice.class,
                    Prim.CopyTo.class);

    /** A line of a table. */
    private record Line(
            String name,
            String formula,
            String shapes,
            String gradient,
            Map<Device, String> dtypes,
            String source,
            String parts) {}

    private final Path root;
    private final JavadocReader javadoc;
    private final Map<String, KitSurvey.Findings> kit;
    private final Set<String> problems = new LinkedHashSet<>();

    private OperationsPage(Path root) throws IOException {
        this.root = root;
        this.javadoc = JavadocReader.read(folders(root).toList());
        this.kit = KitSurvey.of(DEVICES);
    }

    /**
     * The page.
     *
     * @param root of the checkout, whose sources are read
     * @throws IllegalStateException with a line for each cell that nothing is known for
     */
    static String write(Path root) throws IOException {
        OperationsPage page = new OperationsPage(root);
        String text = page.text();
        if (!page.problems.isEmpty()) {
            throw new IllegalStateException(
                    "the page would have gaps:\n" + String.join("\n", page.problems));
        }
        return text;
    }

    private static Stream<Path> folders(Path root) {
        return PACKAGES.stream().map(root.resolve(API)::resolve).filter(Files::isDirectory);
    }

    private String text() throws IOException {
        Map<String, List<Line>> tables = new LinkedHashMap<>();
        tables.put("Primitives", operations(Prim.class::isAssignableFrom));
        tables.put("Composites", operations(type -> !Prim.class.isAssignableFrom(type)));
        methods().forEach(tables::put);
        StringBuilder text = new StringBuilder(introduction());
        tables.forEach((title, lines) -> text.append(table(title, lines)));
        return text.toString();
    }

    private static String introduction() {
        return """
        # Operations

        Written by `./ugoki operations` from the Javadoc, the conformance kit and trial calls;
        a test fails when it is out of date. Edit the Javadoc, and run the command again.

        - **Shapes.** `[..]` stands for any number of dimensions. Methods broadcast as NumPy's do
          before they apply an elementwise operation, whose operands have one shape.
        - **Gradient.** For primitives and composites, how often it is compared with central
          differences by the kit; for methods made of several, how often a trial call could be
          differentiated. *none*: no gradient flows, or it is 0 everywhere; *unchecked*: one flows,
          but no row of the kit checks it.
        - **dtypes**, for each backend: *all* nine; *numbers*: all but BOOL; *floating*: F64, F32,
          F16, BF16; *integers*: I64, I32, I8, U8. Where a backend runs a composite by the
          operations that it is made of, the dtypes are in parentheses.
        """
                .stripIndent();
    }

    // ---- primitives and composites ----

    private List<Line> operations(Function<Class<?>, Boolean> wanted) throws IOException {
        List<Line> lines = new ArrayList<>();
        for (Class<?> type : classes()) {
            if (Op.class.isAssignableFrom(type) && type.isRecord() && wanted.apply(type)) {
                for (String key : keys(type)) {
                    operation(key).ifPresent(lines::add);
                }
            }
        }
        return lines;
    }

    /** The record, or each of its kinds. */
    private static List<String> keys(Class<?> type) {
        for (RecordComponent component : type.getRecordComponents()) {
            Class<?> of = component.getType();
            if (of.isEnum() && of.getEnclosingClass() == type) {
                return Arrays.stream(of.getEnumConstants())
                        .map(constant -> KitSurvey.name(of) + "." + constant)
                        .toList();
            }
        }
        return List.of(KitSurvey.name(type));
    }

    private Optional<Line> operation(String key) {
        KitSurvey.Findings findings = kit.get(key);
        if (findings == null) {
            problems.add(key + ": no row of the kit runs it");
            return Optional.empty();
        }
        Map<Device, String> dtypes = new LinkedHashMap<>();
        for (Device device : DEVICES) {
            Map<DType, KitSurvey.Way> ways = findings.ways().getOrDefault(device, Map.of());
            String kernels = names(dtypesBy(ways, KitSurvey.Way.KERNEL));
            String parts = names(dtypesBy(ways, KitSurvey.Way.PARTS));
            dtypes.put(
                    device,
                    parts.isEmpty()
                            ? kernels.isEmpty() ? "refused" : kernels
                            : (kernels.isEmpty() ? "" : kernels + ", ") + "(" + parts + ")");
        }
        return Optional.of(
                new Line(
                        label(key),
                        required(key, "a formula", formula(key, new LinkedHashSet<>())),
                        required(key, "'Shapes:'", fromType(key, Javadoc::shapes)),
                        findings.gradient(),
                        dtypes,
                        required(key, "'Source:'", fromType(key, doc -> doc.paragraph("Source"))),
                        ""));
    }

    /** {@code Unary.EXP} for {@code Prim.Unary.Kind.EXP}. */
    private static String label(String key) {
        return key.replaceFirst("^Prim\\.", "").replaceFirst("\\.(Kind|Mode)\\.", ".");
    }

    private static Set<DType> dtypesBy(Map<DType, KitSurvey.Way> ways, KitSurvey.Way way) {
        return ways.entrySet().stream()
                .filter(entry -> entry.getValue() == way)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(DType.class)));
    }

    private Optional<String> formula(String key, Set<String> seen) {
        Javadoc doc = javadoc.of(key);
        return doc.formula().or(() -> alike(key, doc, seen, this::formula)).or(doc::words);
    }

    /** From the element's Javadoc, or that of the types around it, the nearest first. */
    private Optional<String> fromType(String key, Function<Javadoc, Optional<String>> part) {
        for (String at = key; !at.isEmpty(); at = outer(at)) {
            Javadoc doc = javadoc.of(at);
            Optional<String> found =
                    part.apply(doc)
                            .or(
                                    () ->
                                            alike(
                                                    key,
                                                    doc,
                                                    new LinkedHashSet<>(),
                                                    (other, _) -> part.apply(javadoc.of(other))));
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private static String outer(String key) {
        int dot = key.lastIndexOf('.');
        return dot < 0 ? "" : key.substring(0, dot);
    }

    /** What the elements say that {@code doc} is said to be like. */
    private Optional<String> alike(
            String key,
            Javadoc doc,
            Set<String> seen,
            java.util.function.BiFunction<String, Set<String>, Optional<String>> part) {
        for (String link : doc.alike()) {
            Optional<String> target = resolve(key, link);
            if (target.isPresent() && seen.add(target.get())) {
                Optional<String> found = part.apply(target.get(), seen);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    /** The element that a link of {@code from} names: {@code #sum}, {@code Prim.Cast}. */
    private Optional<String> resolve(String from, String link) {
        String path = link.replaceFirst("^.*\\.(?=[A-Z]\\w*\\.[A-Z])", "").replace('#', '.');
        List<String> candidates = new ArrayList<>();
        for (String at = from; !at.isEmpty(); at = outer(at)) {
            candidates.add(at + (path.startsWith(".") ? "" : ".") + path);
        }
        candidates.add(path);
        return candidates.stream().filter(javadoc::has).findFirst();
    }

    // ---- methods ----

    private Map<String, List<Line>> methods() throws IOException {
        Map<String, List<Line>> tables = new LinkedHashMap<>();
        for (Class<?> type : classes()) {
            boolean isFacade =
                    type.getEnclosingClass() == null
                            && !type.isRecord()
                            && !type.isEnum()
                            && !type.isInterface()
                            && !type.getPackageName().endsWith(".op")
                            && !NOT_OPERATIONS.contains(type);
            if (isFacade) {
                List<Line> lines = new ArrayList<>();
                overloads(type)
                        .forEach((name, all) -> method(type, name, all).ifPresent(lines::add));
                if (!lines.isEmpty()) {
                    tables.put("`" + type.getSimpleName() + "`", lines);
                }
            }
        }
        return tables;
    }

    private static Map<String, List<Method>> overloads(Class<?> type) {
        return Stream.of(type.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> !method.isSynthetic() && makesTensors(method))
                .filter(
                        method ->
                                Stream.of(method.getParameterTypes())
                                        .map(Class::getSimpleName)
                                        .noneMatch(INTERNAL::contains))
                .sorted(java.util.Comparator.comparing(Method::toString))
                .collect(Collectors.groupingBy(Method::getName, TreeMap::new, Collectors.toList()));
    }

    private static boolean makesTensors(Method method) {
        Class<?> result = method.getReturnType();
        return result == Tensor.class
                || result == Tensor[].class
                || method.getGenericReturnType()
                        .getTypeName()
                        .contains("List<" + Tensor.class.getName())
                || (result.isRecord()
                        && Stream.of(result.getRecordComponents())
                                .anyMatch(each -> each.getType() == Tensor.class));
    }

    private Optional<Line> method(Class<?> type, String name, List<Method> overloads) {
        String key = type.getSimpleName() + "." + name;
        List<MethodTrial.Findings> findings =
                overloads.stream().map(each -> MethodTrial.of(each, DEVICES)).toList();
        if (findings.stream().allMatch(MethodTrial.Findings::isEmpty)) {
            problems.add(key + ": no sample arguments are accepted; see SampleArguments");
            return Optional.empty();
        }
        List<Op> parts = findings.stream().flatMap(each -> each.operations().stream()).toList();
        Optional<String> only = onlyOperation(parts);
        int derivatives =
                findings.stream().mapToInt(MethodTrial.Findings::derivatives).max().orElse(0);
        Map<Device, String> dtypes = new LinkedHashMap<>();
        for (Device device : DEVICES) {
            Set<DType> all = EnumSet.noneOf(DType.class);
            findings.forEach(each -> all.addAll(each.dtypes().getOrDefault(device, Set.of())));
            dtypes.put(device, names(all));
        }
        return Optional.of(
                new Line(
                        call(type, name),
                        required(key, "a formula", methodFormula(key, only)),
                        required(key, "'Shapes:'", fromMethod(key, Javadoc::shapes, only)),
                        derivatives == 0
                                ? "none"
                                : only.map(kit::get)
                                        .map(KitSurvey.Findings::gradient)
                                        .orElse(derivatives == 1 ? "first" : "second"),
                        dtypes,
                        required(
                                key,
                                "'Source:'",
                                fromMethod(key, doc -> doc.paragraph("Source"), only)),
                        parts(parts)));
    }

    /** The call with the most parameters. */
    private String call(Class<?> type, String name) {
        List<String> parameters =
                javadoc.methods(type.getSimpleName() + "." + name).stream()
                        .map(JavadocReader.Method::parameters)
                        .max(java.util.Comparator.comparing(List::size))
                        .orElse(List.of());
        return name + "(" + String.join(", ", parameters) + ")";
    }

    private Optional<String> methodFormula(String key, Optional<String> only) {
        return ofOverloads(key, Javadoc::formula)
                .or(() -> ofOverloads(key, Javadoc::words))
                .or(() -> only.flatMap(op -> formula(op, new LinkedHashSet<>())))
                .or(
                        () ->
                                alikeMethods(
                                        key,
                                        other ->
                                                formula(other, new LinkedHashSet<>())
                                                        .or(
                                                                () ->
                                                                        ofOverloads(
                                                                                other,
                                                                                Javadoc
                                                                                        ::formula))));
    }

    private Optional<String> fromMethod(
            String key, Function<Javadoc, Optional<String>> part, Optional<String> only) {
        return ofOverloads(key, part)
                .or(
                        () ->
                                alikeMethods(
                                        key,
                                        other ->
                                                ofOverloads(other, part)
                                                        .or(
                                                                () ->
                                                                        javadoc.methods(other)
                                                                                        .isEmpty()
                                                                                ? fromType(
                                                                                        other, part)
                                                                                : Optional
                                                                                        .empty())))
                .or(() -> only.flatMap(op -> fromType(op, part)))
                .or(() -> part.apply(javadoc.of(outer(key))));
    }

    private Optional<String> ofOverloads(String key, Function<Javadoc, Optional<String>> part) {
        return javadoc.methods(key).stream()
                .map(JavadocReader.Method::javadoc)
                .flatMap(doc -> part.apply(doc).stream())
                .findFirst();
    }

    private Optional<String> alikeMethods(String key, Function<String, Optional<String>> part) {
        return javadoc.methods(key).stream()
                .map(JavadocReader.Method::javadoc)
                .flatMap(doc -> doc.alike().stream())
                .flatMap(link -> resolve(key, link).stream())
                .filter(target -> !target.equals(key))
                .flatMap(target -> part.apply(target).stream())
                .findFirst();
    }

    private static Optional<String> onlyOperation(List<Op> parts) {
        Set<String> keys = new LinkedHashSet<>();
        parts.stream()
                .filter(op -> !LAYOUT.contains(op.getClass()))
                .map(KitSurvey::key)
                .forEach(keys::add);
        if (keys.isEmpty()) {
            parts.stream().map(KitSurvey::key).forEach(keys::add);
        }
        return keys.size() == 1 ? Optional.of(keys.iterator().next()) : Optional.empty();
    }

    private static String parts(List<Op> parts) {
        Set<String> names = new LinkedHashSet<>();
        parts.stream()
                .filter(op -> !LAYOUT.contains(op.getClass()))
                .map(Op::name)
                .forEach(names::add);
        if (names.isEmpty()) {
            parts.stream().map(Op::name).forEach(names::add);
        }
        return names.isEmpty() ? "" : "`" + String.join("`, `", names) + "`";
    }

    // ---- both ----

    /** The public classes of the packages, and those inside them, by name. */
    private List<Class<?>> classes() throws IOException {
        List<Class<?>> classes = new ArrayList<>();
        for (String name : PACKAGES) {
            Path folder = root.resolve(API).resolve(name);
            if (!Files.isDirectory(folder)) {
                continue;
            }
            String prefix = "dev.ugoki.tensor." + (name.isEmpty() ? "" : name + ".");
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.sorted().toList()) {
                    String simple = file.getFileName().toString();
                    if (simple.endsWith(".java") && !simple.equals("package-info.java")) {
                        addWithInner(load(prefix + simple.replace(".java", "")), classes);
                    }
                }
            }
        }
        return classes;
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    name + " has a source but no class; build the project first", e);
        }
    }

    private static void addWithInner(Class<?> type, Collection<Class<?>> classes) {
        if (Modifier.isPublic(type.getModifiers())) {
            classes.add(type);
            Stream.of(type.getDeclaredClasses())
                    .sorted(java.util.Comparator.comparing(Class::getName))
                    .forEach(inner -> addWithInner(inner, classes));
        }
    }

    private String required(String key, String what, Optional<String> text) {
        if (text.isEmpty()) {
            problems.add(key + ": its Javadoc lacks " + what);
        }
        return text.orElse("");
    }

    private static String names(Set<DType> dtypes) {
        Set<DType> left = EnumSet.noneOf(DType.class);
        left.addAll(dtypes);
        List<String> names = new ArrayList<>();
        take(left, "all", names, _ -> true);
        take(left, "numbers", names, dtype -> dtype != DType.BOOL);
        take(left, "floating", names, DType::isFloating);
        take(left, "integers", names, DType::isInteger);
        left.forEach(dtype -> names.add(dtype.name()));
        return String.join(", ", names);
    }

    private static void take(
            Set<DType> left,
            String name,
            List<String> names,
            java.util.function.Predicate<DType> group) {
        List<DType> members = Stream.of(DType.values()).filter(group).toList();
        if (left.containsAll(members)) {
            left.removeAll(members);
            names.add(name);
        }
    }

    private static String table(String title, List<Line> lines) {
        boolean hasParts = lines.stream().anyMatch(line -> !line.parts().isEmpty());
        StringBuilder text = new StringBuilder("\n## " + title + "\n\n");
        List<String> head = new ArrayList<>(List.of("operation", "formula", "shapes", "gradient"));
        DEVICES.forEach(device -> head.add("dtypes on " + device));
        head.add("source");
        if (hasParts) {
            head.add("applies");
        }
        text.append(row(head)).append(row(head.stream().map(_ -> "---").toList()));
        for (Line line : lines) {
            List<String> cells = new ArrayList<>();
            cells.add("`" + line.name() + "`");
            cells.addAll(List.of(line.formula(), line.shapes(), line.gradient()));
            cells.addAll(line.dtypes().values());
            cells.add(line.source());
            if (hasParts) {
                cells.add(line.parts());
            }
            text.append(row(cells));
        }
        return text.toString();
    }

    private static String row(List<String> cells) {
        return cells.stream()
                .map(cell -> cell.replace("|", "\\|"))
                .collect(Collectors.joining(" | ", "| ", " |\n"));
    }
}
