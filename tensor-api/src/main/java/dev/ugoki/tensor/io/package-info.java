/**
 * Arrays in files: safetensors, npy and npz, and the means to write any file or folder whole or not
 * at all.
 *
 * <p>What a file claims about itself is checked before it is believed: a header that lies about
 * sizes, offsets or types gets a {@link dev.ugoki.tensor.io.FileFormatException} that names the
 * file, what is wrong and what to do. No reader allocates more than the size of the file justifies.
 */
@NullMarked
package dev.ugoki.tensor.io;

import org.jspecify.annotations.NullMarked;
