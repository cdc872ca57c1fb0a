package dev.ugoki.cuda.nvidia;

import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cudnn;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;

/** What each stream has of cuDNN: a handle, and memory to work in. Callers take turns. */
final class DnnStreams {
    /** What a stream has of its own. */
    private static final class Own {
        final cudnnContext context = new cudnnContext();
        long workspace;
        long bytes;
    }

    private final NvidiaDriver driver;
    private final Map<Long, Own> owns = new HashMap<>();

    DnnStreams(NvidiaDriver driver) {
        this.driver = driver;
    }

    static void check(String call, int status) {
        if (status != 0) {
            throw new IllegalStateException(
                    "cuda: "
                            + call
                            + ": cuDNN status "
                            + status
                            + ", "
                            + cudnn.cudnnGetErrorString(status).getString());
        }
    }

    private synchronized Own own(long stream) {
        return owns.computeIfAbsent(
                stream,
                _ -> {
                    Own own = new Own();
                    check("cudnnCreate", cudnn.cudnnCreate(own.context));
                    if (stream != 0) {
                        check(
                                "cudnnSetStream",
                                cudnn.cudnnSetStream(own.context, driver.stream(stream)));
                    }
                    return own;
                });
    }

    /** The handle of a stream; of stream 0, which runs nothing, for planning. */
    cudnnContext context(long stream) {
        return own(stream).context;
    }

    /** The address of so much of the stream's memory. */
    synchronized long workspace(long stream, long bytes) {
        Own own = own(stream);
        if (own.bytes < bytes) {
            if (own.workspace != 0) {
                driver.free(own.workspace);
            }
            own.workspace = driver.allocate(bytes);
            own.bytes = own.workspace == 0 ? 0 : bytes;
            if (own.workspace == 0) {
                throw new IllegalStateException(
                        "cuda: no memory for cuDNN's workspace of "
                                + bytes
                                + " bytes; lower -Dugoki.memory=BYTES");
            }
        }
        return own.workspace;
    }

    /** Makes a stream ready to capture plans with such workspaces, if there are any. */
    void prepare(long stream, LongStream workspaces) {
        workspaces.max().ifPresent(most -> workspace(stream, most));
    }

    synchronized void forget(long stream) {
        Own own = owns.remove(stream);
        if (own != null) {
            check("cudnnDestroy", cudnn.cudnnDestroy(own.context));
            if (own.workspace != 0) {
                driver.free(own.workspace);
            }
        }
    }
}
