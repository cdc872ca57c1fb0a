/** What a backend implements, and what it is given: strided views of memory. */
@NullMarked
package dev.ugoki.tensor.spi;

import org.jspecify.annotations.NullMarked;
