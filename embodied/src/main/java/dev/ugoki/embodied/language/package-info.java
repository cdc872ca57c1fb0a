/** Language for policies: instructions as the tokens of public vocabularies. */
@NullMarked
package dev.ugoki.embodied.language;

import org.jspecify.annotations.NullMarked;
