/** Settings as JSON files, read strictly: what is not understood is refused. Not exported. */
@NullMarked
package dev.ugoki.embodied.json;

import org.jspecify.annotations.NullMarked;
