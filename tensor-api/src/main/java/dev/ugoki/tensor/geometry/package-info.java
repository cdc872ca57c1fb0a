/**
 * Rotations and poses in space, as robots need them: quaternions, rotation matrices, rotation
 * vectors, the six numbers of networks, and conversions between all of them, in batches and with
 * gradients that stay finite everywhere.
 */
@NullMarked
package dev.ugoki.tensor.geometry;

import org.jspecify.annotations.NullMarked;
