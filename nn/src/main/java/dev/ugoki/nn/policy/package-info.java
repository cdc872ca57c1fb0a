/**
 * The networks of policies that predict chunks of actions, what they are trained for (regression,
 * flow matching, denoising diffusion), and how chunks are sampled from them.
 */
@NullMarked
package dev.ugoki.nn.policy;

import org.jspecify.annotations.NullMarked;
