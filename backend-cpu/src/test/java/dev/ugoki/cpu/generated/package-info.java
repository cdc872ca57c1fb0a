/** Tests and measurements of generated kernels. */
@NullMarked
package dev.ugoki.cpu.generated;

import org.jspecify.annotations.NullMarked;
