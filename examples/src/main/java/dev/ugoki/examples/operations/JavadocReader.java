package dev.ugoki.examples.operations;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.EndElementTree;
import com.sun.source.doctree.EntityTree;
import com.sun.source.doctree.LinkTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.ParamTree;
import com.sun.source.doctree.ReturnTree;
import com.sun.source.doctree.StartElementTree;
import com.sun.source.doctree.TextTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Reads the Javadoc of source files, by the compiler's own parser. */
final class JavadocReader extends TreePathScanner<@Nullable Void, List<String>> {
    /** Of a method: the names of its parameters and what is said of it. */
    record Method(List<String> parameters, Javadoc javadoc) {}

    private final DocTrees trees;
    private final Map<String, Javadoc> elements = new LinkedHashMap<>();
    private final Map<String, List<Method>> methods = new LinkedHashMap<>();

    private JavadocReader(DocTrees trees) {
        this.trees = trees;
    }

    /** The Javadoc of all types, fields and public methods in the sources of {@code packages}. */
    static JavadocReader read(List<Path> packages) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new IllegalStateException(
                    "reading sources needs a JDK; " + System.getProperty("java.home") + " is none");
        }
        List<Path> files = new ArrayList<>();
        for (Path folder : packages) {
            try (Stream<Path> inside = Files.list(folder)) {
                inside.filter(file -> file.toString().endsWith(".java"))
                        .sorted()
                        .forEach(files::add);
            }
        }
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task =
                    (JavacTask)
                            compiler.getTask(
                                    null,
                                    manager,
                                    null,
                                    List.of("-proc:none"),
                                    null,
                                    manager.getJavaFileObjectsFromPaths(files));
            JavadocReader reader = new JavadocReader(DocTrees.instance(task));
            for (CompilationUnitTree unit : task.parse()) {
                reader.scan(new TreePath(unit), List.of());
            }
            return reader;
        }
    }

    /** The Javadoc of a type or constant, such as {@code Prim.Unary.Kind.EXP}. */
    Javadoc of(String element) {
        return elements.getOrDefault(element, Javadoc.NONE);
    }

    /** The overloads of a method, such as {@code Tensor.exp}; none if there is no such method. */
    List<Method> methods(String name) {
        return methods.getOrDefault(name, List.of());
    }

    boolean has(String element) {
        return elements.containsKey(element) || methods.containsKey(element);
    }

    @Override
    public @Nullable Void visitClass(ClassTree node, List<String> outer) {
        List<String> path = new ArrayList<>(outer);
        path.add(node.getSimpleName().toString());
        elements.put(String.join(".", path), javadoc());
        return super.visitClass(node, path);
    }

    @Override
    public @Nullable Void visitVariable(VariableTree node, List<String> outer) {
        if (getCurrentPath().getParentPath().getLeaf() instanceof ClassTree) {
            elements.put(String.join(".", outer) + "." + node.getName(), javadoc());
        }
        return null;
    }

    @Override
    public @Nullable Void visitMethod(MethodTree node, List<String> outer) {
        if (!node.getModifiers().getFlags().contains(Modifier.PUBLIC)) {
            return null;
        }
        List<String> parameters =
                node.getParameters().stream()
                        .map(
                                each ->
                                        each.getType().toString().endsWith("...")
                                                ? each.getName() + "..."
                                                : each.getName().toString())
                        .toList();
        methods.computeIfAbsent(
                        String.join(".", outer) + "." + node.getName(), _ -> new ArrayList<>())
                .add(new Method(parameters, javadoc()));
        return null;
    }

    private Javadoc javadoc() {
        DocCommentTree comment = trees.getDocCommentTree(getCurrentPath());
        if (comment == null) {
            return Javadoc.NONE;
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        String result = "";
        for (DocTree tag : comment.getBlockTags()) {
            if (tag instanceof ParamTree param) {
                parameters.put(param.getName().toString(), text(param.getDescription()));
            } else if (tag instanceof ReturnTree returned) {
                result = text(returned.getDescription());
            }
        }
        List<String> paragraphs = paragraphs(comment.getFullBody());
        String sentence = text(comment.getFirstSentence());
        // A formula set apart from the text belongs to its sentence.
        String whole = sentence.endsWith(":") ? paragraphs.getFirst() : sentence;
        return new Javadoc(whole, paragraphs, parameters, result);
    }

    private static List<String> paragraphs(List<? extends DocTree> body) {
        List<String> paragraphs = new ArrayList<>();
        List<DocTree> open = new ArrayList<>();
        for (DocTree tree : body) {
            if (tree instanceof StartElementTree start && start.getName().contentEquals("p")) {
                paragraphs.add(text(open));
                open.clear();
            } else {
                open.add(tree);
            }
        }
        paragraphs.add(text(open));
        return paragraphs;
    }

    private static String text(List<? extends DocTree> trees) {
        StringBuilder text = new StringBuilder();
        boolean isPreformatted = false;
        for (DocTree tree : trees) {
            switch (tree) {
                case TextTree plain -> {
                    String body = plain.getBody();
                    text.append(isPreformatted ? String.join("; ", lines(body)) : body);
                }
                case LiteralTree code ->
                        text.append('`').append(code.getBody().getBody().strip()).append('`');
                case LinkTree link -> text.append(Javadoc.link(link.getReference().getSignature()));
                case StartElementTree start when start.getName().contentEquals("pre") -> {
                    isPreformatted = true;
                    text.append('`');
                }
                case EndElementTree end when end.getName().contentEquals("pre") -> {
                    isPreformatted = false;
                    text.append('`');
                }
                case EntityTree entity -> text.append('&').append(entity.getName()).append(';');
                default -> {}
            }
        }
        return text.toString().replaceAll("\\s+", " ").strip();
    }

    private static List<String> lines(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
}
