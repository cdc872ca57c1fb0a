/** Robot data, training of policies, and acting with them in real time. */
@NullMarked
package dev.ugoki.embodied;

import org.jspecify.annotations.NullMarked;
