/** Networks of images, with the names of the public weights. */
@NullMarked
package dev.ugoki.nn.vision;

import org.jspecify.annotations.NullMarked;
