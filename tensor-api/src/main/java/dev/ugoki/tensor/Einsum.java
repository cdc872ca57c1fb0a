package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Einstein's convention by matrix products.
 *
 * <p>Labels are characters; the dimensions of an ellipsis get labels below the letters, counted
 * from its end, so that they are broadcast as usual. Every operand is first brought to a form in
 * which each label occurs once and has its full extent; then they are combined pair by pair, each
 * time the pair that leaves the least behind.
 */
final class Einsum {
    private static final String ELLIPSIS = "...";
    private static final char FIRST_ELLIPSIS_LABEL = 31;

    /** A tensor and the labels of its dimensions, each once. */
    private record Term(List<Character> labels, Tensor tensor) {}

    private final String equation;
    private final Tensor[] operands;
    private final List<Term> terms = new ArrayList<>();
    private final Map<Character, Long> extents = new HashMap<>();
    private final List<Character> output;

    private Einsum(String equation, Tensor[] operands) {
        this.equation = equation;
        this.operands = operands;
        String[] sides = equation.replace(" ", "").split("->", -1);
        String[] inputs = sides[0].split(",", -1);
        if (sides.length > 2 || inputs.length != operands.length) {
            throw wrong("it must describe " + operands.length + " operands, separated by commas");
        }
        List<List<Character>> labels = new ArrayList<>();
        int ellipsisRank = 0;
        for (int i = 0; i < inputs.length; i++) {
            labels.add(labels(inputs[i], operands[i].rank()));
            ellipsisRank = Math.max(ellipsisRank, ellipsisRank(inputs[i], operands[i].rank()));
            noteExtents(labels.get(i), operands[i]);
        }
        output =
                sides.length == 2
                        ? outputLabels(sides[1], ellipsisRank)
                        : labelsThatOccurOnce(labels);
        for (int i = 0; i < inputs.length; i++) {
            terms.add(normalized(labels.get(i), operands[i]));
        }
    }

    static Tensor of(String equation, Tensor... operands) {
        if (operands.length == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("einsum") + ": needs at least one operand");
        }
        return new Einsum(equation, operands).result();
    }

    // ---- reading the equation ----

    private List<Character> labels(String text, int rank) {
        int expected = rank - ellipsisRank(text, rank);
        List<Character> labels = new ArrayList<>();
        for (int i = 0; i < text.length(); i++) {
            if (text.startsWith(ELLIPSIS, i)) {
                for (int dim = ellipsisRank(text, rank) - 1; dim >= 0; dim--) {
                    labels.add((char) (FIRST_ELLIPSIS_LABEL - dim));
                }
                i += ELLIPSIS.length() - 1;
            } else {
                labels.add(letter(text.charAt(i)));
                expected--;
            }
        }
        if (expected != 0) {
            throw wrong("'" + text + "' does not have as many labels as its operand dimensions");
        }
        return labels;
    }

    private int ellipsisRank(String text, int rank) {
        int first = text.indexOf(ELLIPSIS);
        if (first < 0) {
            return 0;
        }
        int dims = rank - (text.length() - ELLIPSIS.length());
        if (dims < 0 || dims >= FIRST_ELLIPSIS_LABEL || text.indexOf(ELLIPSIS, first + 1) >= 0) {
            throw wrong("'" + text + "' does not fit an operand of rank " + rank);
        }
        return dims;
    }

    private char letter(char label) {
        if (!(label >= 'a' && label <= 'z' || label >= 'A' && label <= 'Z')) {
            throw wrong("'" + label + "' is not a letter");
        }
        return label;
    }

    private void noteExtents(List<Character> labels, Tensor operand) {
        for (int dim = 0; dim < labels.size(); dim++) {
            long extent = operand.extent(dim);
            Long known = extents.get(labels.get(dim));
            if (known != null && known != extent && known != 1 && extent != 1) {
                throw wrong(
                        "'" + labels.get(dim) + "' stands for extents " + known + " and " + extent);
            }
            if (known == null || known == 1) {
                extents.put(labels.get(dim), extent);
            }
        }
    }

    private List<Character> outputLabels(String text, int ellipsisRank) {
        int letters = text.length() - (text.contains(ELLIPSIS) ? ELLIPSIS.length() : 0);
        List<Character> labels =
                labels(text, text.contains(ELLIPSIS) ? letters + ellipsisRank : letters);
        Set<Character> seen = new LinkedHashSet<>();
        for (Character label : labels) {
            if (!extents.containsKey(label) || !seen.add(label)) {
                throw wrong("the result's '" + label + "' must occur in an operand, and once here");
            }
        }
        return labels;
    }

    private static List<Character> labelsThatOccurOnce(List<List<Character>> labels) {
        Map<Character, Integer> counts = new TreeMap<>();
        labels.forEach(each -> each.forEach(label -> counts.merge(label, 1, Integer::sum)));
        List<Character> once = new ArrayList<>();
        counts.forEach(
                (label, count) -> {
                    if (count == 1 || label <= FIRST_ELLIPSIS_LABEL) {
                        once.add(label);
                    }
                });
        return once;
    }

    // ---- computing ----

    private Tensor result() {
        while (terms.size() > 1) {
            int[] pair = terms.size() == 2 ? new int[] {0, 1} : cheapestPair();
            Term rhs = terms.remove(pair[1]);
            Term lhs = terms.remove(pair[0]);
            terms.add(pair[0], product(lhs, rhs, wantedOf(terms)));
        }
        Term sum = reduced(terms.getFirst(), new LinkedHashSet<>(output));
        return arranged(sum, output);
    }

    /** The labels that the result, or one of {@code rest}, still needs. */
    private Set<Character> wantedOf(List<Term> rest) {
        Set<Character> wanted = new LinkedHashSet<>(output);
        rest.forEach(term -> wanted.addAll(term.labels()));
        return wanted;
    }

    /**
     * The pair whose product has the fewest elements more than its operands, among these the one
     * with the fewest multiplications, among these the first.
     *
     * <p>Source: the greedy strategy of Smith and Gray, opt_einsum (JOSS 2018).
     */
    private int[] cheapestPair() {
        int[] best = {0, 1};
        double[] least = {Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY};
        for (int i = 0; i < terms.size(); i++) {
            for (int j = i + 1; j < terms.size(); j++) {
                double[] cost = cost(i, j);
                if (Arrays.compare(cost, least) < 0) {
                    least = cost;
                    best = new int[] {i, j};
                }
            }
        }
        return best;
    }

    /** What the product of two terms leaves behind more than it takes, and its multiplications. */
    private double[] cost(int i, int j) {
        List<Term> rest = new ArrayList<>(terms);
        rest.remove(j);
        rest.remove(i);
        Set<Character> all = new LinkedHashSet<>(terms.get(i).labels());
        all.addAll(terms.get(j).labels());
        Set<Character> left = new LinkedHashSet<>(all);
        left.retainAll(wantedOf(rest));
        double grown = size(left) - size(terms.get(i).labels()) - size(terms.get(j).labels());
        return new double[] {grown, size(all)};
    }

    private double size(Collection<Character> labels) {
        double size = 1;
        for (Character label : labels) {
            size *= extents.getOrDefault(label, 1L);
        }
        return size;
    }

    /**
     * Diagonals taken of labels that occur twice, and dimensions of extent 1 that stretch, away.
     */
    private Term normalized(List<Character> labels, Tensor tensor) {
        List<Character> left = new ArrayList<>(labels);
        Tensor x = tensor;
        for (int dim = left.size() - 1; dim >= 0; dim--) {
            char label = left.get(dim);
            if (x.extent(dim) == 1 && extents.getOrDefault(label, 1L) != 1) {
                x = x.squeeze(dim);
                left.remove(dim);
            }
        }
        for (int dim = left.size() - 1; dim >= 0; dim--) {
            int first = left.indexOf(left.get(dim));
            if (first < dim) {
                x = diagonal(x, first, dim);
                Character label = left.remove(dim);
                left.remove(first);
                left.add(label);
                dim = left.size();
            }
        }
        return new Term(left, x);
    }

    /** The elements with equal indices in two dimensions, as the last dimension. */
    private static Tensor diagonal(Tensor x, int first, int second) {
        int[] order = new int[x.rank()];
        int next = 0;
        for (int dim = 0; dim < x.rank(); dim++) {
            if (dim != first && dim != second) {
                order[next++] = dim;
            }
        }
        order[next] = first;
        order[next + 1] = second;
        long extent = x.extent(first);
        Tensor last = x.permute(order);
        long[] flat = Arrays.copyOf(last.shape().toArray(), x.rank() - 1);
        flat[x.rank() - 2] = extent * extent;
        return last.reshape(Shape.of(flat)).slice(-1, 0, extent * extent, extent + 1);
    }

    private Term product(Term lhs, Term rhs, Set<Character> wanted) {
        Set<Character> wantedOfLeft = new LinkedHashSet<>(wanted);
        wantedOfLeft.addAll(rhs.labels());
        Term a = reduced(lhs, wantedOfLeft);
        Set<Character> wantedOfRight = new LinkedHashSet<>(wanted);
        wantedOfRight.addAll(a.labels());
        Term b = reduced(rhs, wantedOfRight);

        List<Character> batch = new ArrayList<>();
        List<Character> contracted = new ArrayList<>();
        List<Character> rows = new ArrayList<>();
        for (Character label : a.labels()) {
            boolean shared = b.labels().contains(label);
            (!shared ? rows : wanted.contains(label) ? batch : contracted).add(label);
        }
        List<Character> columns = new ArrayList<>(b.labels());
        columns.removeAll(a.labels());

        List<Character> labels = joined(batch, rows, columns);
        Tensor left = grouped(a, batch, rows, contracted);
        Tensor right = grouped(b, batch, contracted, columns);
        // Without a sum there is nothing for a matrix product to do.
        Tensor result = contracted.isEmpty() ? left.mul(right) : left.matmul(right);
        return new Term(labels, result.reshape(shape(labels)));
    }

    /** The dimensions of each list in one. */
    private Tensor grouped(
            Term term, List<Character> first, List<Character> second, List<Character> third) {
        Tensor ordered = arranged(term, joined(first, second, third));
        return ordered.reshape(
                Shape.of(
                        shape(first).elementCount(),
                        shape(second).elementCount(),
                        shape(third).elementCount()));
    }

    private static Term reduced(Term term, Set<Character> wanted) {
        List<Character> left = new ArrayList<>(term.labels());
        left.retainAll(wanted);
        int[] dims = new int[term.labels().size() - left.size()];
        int next = 0;
        for (int dim = 0; dim < term.labels().size(); dim++) {
            if (!wanted.contains(term.labels().get(dim))) {
                dims[next++] = dim;
            }
        }
        return dims.length == 0 ? term : new Term(left, term.tensor().sum(false, dims));
    }

    /**
     * The tensor with its dimensions in the order of {@code labels}; missing ones are stretched.
     */
    private Tensor arranged(Term term, List<Character> labels) {
        Tensor x = term.tensor();
        List<Character> all = new ArrayList<>(term.labels());
        for (Character label : labels) {
            if (!all.contains(label)) {
                x = x.unsqueeze(-1);
                all.add(label);
            }
        }
        int[] order = new int[labels.size()];
        for (int dim = 0; dim < order.length; dim++) {
            order[dim] = all.indexOf(labels.get(dim));
        }
        return x.permute(order).expand(shape(labels));
    }

    private Shape shape(List<Character> labels) {
        long[] shape = new long[labels.size()];
        for (int dim = 0; dim < shape.length; dim++) {
            shape[dim] = extents.getOrDefault(labels.get(dim), 1L);
        }
        return Shape.of(shape);
    }

    private static List<Character> joined(
            List<Character> first, List<Character> second, List<Character> third) {
        List<Character> all = new ArrayList<>(first);
        all.addAll(second);
        all.addAll(third);
        return all;
    }

    private IllegalArgumentException wrong(String problem) {
        List<TensorType> types = Arrays.stream(operands).map(Tensor::type).toList();
        return new IllegalArgumentException(
                ErrorPrefix.of("einsum")
                        + ": '"
                        + equation
                        + "': "
                        + problem
                        + "; operands "
                        + types);
    }
}
