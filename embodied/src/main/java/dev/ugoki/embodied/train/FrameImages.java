package dev.ugoki.embodied.train;

/** What a camera saw in each frame of some demonstrations, in memory: RGB, a byte for each. */
public interface FrameImages {
    /** Rows of an image. */
    int height();

    /** Columns of an image. */
    int width();

    /** For how many frames there are images. */
    int frameCount();

    /** Writes the image of a frame, {@code [height, width, 3]}, to {@code target}. */
    void copyFrame(int frame, byte[] target, int offset);
}
