package dev.ugoki.tensor.io;

import java.util.Collection;
import java.util.stream.Collectors;

/** Messages about names that a file does not hold. */
final class Names {
    private static final int MOST_SHOWN = 8;

    private Names() {}

    /** Says that a name is missing, and which there are. */
    static String missing(String kind, String name, Collection<String> present) {
        if (present.isEmpty()) {
            return "holds no %s at all, so none named %s"
                    .formatted(kind, FileFormatException.quote(name));
        }
        String some =
                present.stream()
                        .limit(MOST_SHOWN)
                        .map(FileFormatException::quote)
                        .collect(Collectors.joining(", "));
        return "holds no %s named %s; it holds %d: %s%s"
                .formatted(
                        kind,
                        FileFormatException.quote(name),
                        present.size(),
                        some,
                        present.size() > MOST_SHOWN ? ", ..." : "");
    }
}
