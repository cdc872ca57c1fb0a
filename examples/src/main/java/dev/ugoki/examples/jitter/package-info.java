/** How evenly a control loop runs while other threads make garbage. */
@NullMarked
package dev.ugoki.examples.jitter;

import org.jspecify.annotations.NullMarked;
