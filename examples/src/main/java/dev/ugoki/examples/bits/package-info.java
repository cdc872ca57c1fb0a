/** Whether results have the same bits under all settings of Java and of the library. */
@NullMarked
package dev.ugoki.examples.bits;

import org.jspecify.annotations.NullMarked;
