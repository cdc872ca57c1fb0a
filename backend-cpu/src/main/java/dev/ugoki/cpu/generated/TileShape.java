package dev.ugoki.cpu.generated;

/**
 * What a micro-kernel is generated for.
 *
 * @param rows rows of the tile
 * @param vectors vectors in each of its rows
 * @param adjacentRows whether a column of A lies in one piece, as packed or transposed
 */
record TileShape(int rows, int vectors, boolean adjacentRows) {}
