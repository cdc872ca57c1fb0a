package dev.ugoki.cpu.generated;

/**
 * What a micro-kernel is generated for.
 *
 * @param rows rows of the tile
 * @param vectors vectors in each of its rows
 * @param adjacentRows whether a column of A lies in one piece, as packed or transposed
 * @param partial whether the last vector of each row of C is stored in part, never wholly: a mask
 *     of all lanes takes another way through the Vector API than others
 */
record TileShape(int rows, int vectors, boolean adjacentRows, boolean partial) {}
