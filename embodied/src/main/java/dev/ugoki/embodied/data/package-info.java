/**
 * Recorded demonstrations: reading and writing robot data sets, windows over their episodes, their
 * statistics and the normalization that follows from them.
 *
 * <p>Two formats are read, {@link dev.ugoki.embodied.data.LeRobotDataset} (v2.0, v2.1, v3.0) and
 * {@link dev.ugoki.embodied.data.ReplayBuffer} (Diffusion Policy's zarr v2), and one is written,
 * LeRobot v3.0 ({@link dev.ugoki.embodied.data.LeRobotDatasetWriter}). Both arrive as a {@link
 * dev.ugoki.embodied.data.FrameTable}, plain Java arrays in memory, which windows and statistics
 * work on. Files are distrusted: one that is cut off or lies about its sizes ends in a {@link
 * dev.ugoki.embodied.data.DataFormatException} that names it, before memory is spent on the lie.
 */
@NullMarked
package dev.ugoki.embodied.data;

import org.jspecify.annotations.NullMarked;
