/** What the backend needs of a device, free of any binding, and the kernels' sources. */
@NullMarked
package dev.ugoki.cuda.driver;

import org.jspecify.annotations.NullMarked;
