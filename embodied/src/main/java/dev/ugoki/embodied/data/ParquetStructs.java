package dev.ugoki.embodied.data;

import static dev.ugoki.embodied.data.CompactThrift.BINARY;
import static dev.ugoki.embodied.data.CompactThrift.BYTE;
import static dev.ugoki.embodied.data.CompactThrift.DOUBLE;
import static dev.ugoki.embodied.data.CompactThrift.I16;
import static dev.ugoki.embodied.data.CompactThrift.I32;
import static dev.ugoki.embodied.data.CompactThrift.I64;
import static dev.ugoki.embodied.data.CompactThrift.LIST;
import static dev.ugoki.embodied.data.CompactThrift.STRUCT;
import static dev.ugoki.embodied.data.CompactThrift.TRUE;

import dev.ugoki.embodied.data.CompactThrift.MalformedException;
import dev.ugoki.embodied.data.CompactThrift.Reader;

import java.util.Map;

/**
 * Which type each field of Parquet's metadata has ({@code parquet.thrift} of parquet-format 2.11).
 *
 * <p>hardwood 1.0 reads many fields without a look at the type that stands beside them; a wrong one
 * would let it run out of step and take any bytes for a length. Fields that are not listed here
 * must merely be well-formed.
 *
 * @param type the type on the wire; TRUE stands for either boolean
 * @param fields a struct's fields by their id
 * @param element a list's elements; itself for other types
 */
record ParquetStructs(int type, Map<Integer, ParquetStructs> fields, ParquetStructs[] element) {
    private static final ParquetStructs A_BOOL = of(TRUE);
    private static final ParquetStructs A_BYTE = of(BYTE);
    private static final ParquetStructs AN_I16 = of(I16);
    private static final ParquetStructs AN_I32 = of(I32);
    private static final ParquetStructs AN_I64 = of(I64);
    private static final ParquetStructs A_DOUBLE = of(DOUBLE);
    private static final ParquetStructs BYTES = of(BINARY);
    private static final ParquetStructs ANY_STRUCT = struct(Map.of());

    private static final ParquetStructs KEY_VALUE = struct(Map.of(1, BYTES, 2, BYTES));

    private static final ParquetStructs STATISTICS =
            struct(
                    Map.of(
                            1, BYTES, 2, BYTES, 3, AN_I64, 4, AN_I64, 5, BYTES, 6, BYTES, 7, A_BOOL,
                            8, A_BOOL));

    private static final ParquetStructs TIME = struct(Map.of(1, A_BOOL, 2, ANY_STRUCT));

    private static final ParquetStructs LOGICAL_TYPE =
            struct(
                    Map.of(
                            5, struct(Map.of(1, AN_I32, 2, AN_I32)),
                            7, TIME,
                            8, TIME,
                            10, struct(Map.of(1, A_BYTE, 2, A_BOOL)),
                            16, struct(Map.of(1, A_BYTE)),
                            17, struct(Map.of(1, BYTES)),
                            18, struct(Map.of(1, BYTES, 2, AN_I32))));

    private static final ParquetStructs SCHEMA_ELEMENT =
            struct(
                    Map.of(
                            1,
                            AN_I32,
                            2,
                            AN_I32,
                            3,
                            AN_I32,
                            4,
                            BYTES,
                            5,
                            AN_I32,
                            6,
                            AN_I32,
                            7,
                            AN_I32,
                            8,
                            AN_I32,
                            9,
                            AN_I32,
                            10,
                            LOGICAL_TYPE));

    private static final ParquetStructs GEOSPATIAL =
            struct(
                    Map.of(
                            1,
                            struct(
                                    Map.of(
                                            1, A_DOUBLE, 2, A_DOUBLE, 3, A_DOUBLE, 4, A_DOUBLE, 5,
                                            A_DOUBLE, 6, A_DOUBLE, 7, A_DOUBLE, 8, A_DOUBLE)),
                            2,
                            list(AN_I32)));

    private static final ParquetStructs COLUMN_METADATA =
            struct(
                    Map.ofEntries(
                            Map.entry(1, AN_I32),
                            Map.entry(2, list(AN_I32)),
                            Map.entry(3, list(BYTES)),
                            Map.entry(4, AN_I32),
                            Map.entry(5, AN_I64),
                            Map.entry(6, AN_I64),
                            Map.entry(7, AN_I64),
                            Map.entry(8, list(KEY_VALUE)),
                            Map.entry(9, AN_I64),
                            Map.entry(10, AN_I64),
                            Map.entry(11, AN_I64),
                            Map.entry(12, STATISTICS),
                            Map.entry(14, AN_I64),
                            Map.entry(15, AN_I32),
                            Map.entry(17, GEOSPATIAL)));

    private static final ParquetStructs COLUMN_CHUNK =
            struct(
                    Map.of(
                            1,
                            BYTES,
                            2,
                            AN_I64,
                            3,
                            COLUMN_METADATA,
                            4,
                            AN_I64,
                            5,
                            AN_I32,
                            6,
                            AN_I64,
                            7,
                            AN_I32));

    private static final ParquetStructs ROW_GROUP =
            struct(
                    Map.of(
                            1,
                            list(COLUMN_CHUNK),
                            2,
                            AN_I64,
                            3,
                            AN_I64,
                            5,
                            AN_I64,
                            6,
                            AN_I64,
                            7,
                            AN_I16));

    /** The footer. */
    static final ParquetStructs FILE_METADATA =
            struct(
                    Map.of(
                            1,
                            AN_I32,
                            2,
                            list(SCHEMA_ELEMENT),
                            3,
                            AN_I64,
                            4,
                            list(ROW_GROUP),
                            5,
                            list(KEY_VALUE),
                            6,
                            BYTES,
                            7,
                            list(ANY_STRUCT)));

    /** What stands before each page. */
    static final ParquetStructs PAGE_HEADER =
            struct(
                    Map.of(
                            1,
                            AN_I32,
                            2,
                            AN_I32,
                            3,
                            AN_I32,
                            4,
                            AN_I32,
                            5,
                            struct(
                                    Map.of(
                                            1,
                                            AN_I32,
                                            2,
                                            AN_I32,
                                            3,
                                            AN_I32,
                                            4,
                                            AN_I32,
                                            5,
                                            STATISTICS)),
                            7,
                            struct(Map.of(1, AN_I32, 2, AN_I32, 3, A_BOOL)),
                            8,
                            struct(
                                    Map.of(
                                            1,
                                            AN_I32,
                                            2,
                                            AN_I32,
                                            3,
                                            AN_I32,
                                            4,
                                            AN_I32,
                                            5,
                                            AN_I32,
                                            6,
                                            AN_I32,
                                            7,
                                            A_BOOL,
                                            8,
                                            STATISTICS))));

    /** Where the pages of a column chunk are. */
    static final ParquetStructs OFFSET_INDEX =
            struct(
                    Map.of(
                            1,
                            list(struct(Map.of(1, AN_I64, 2, AN_I32, 3, AN_I64))),
                            2,
                            list(AN_I64)));

    private static ParquetStructs of(int type) {
        return new ParquetStructs(type, Map.of(), new ParquetStructs[0]);
    }

    private static ParquetStructs struct(Map<Integer, ParquetStructs> fields) {
        return new ParquetStructs(STRUCT, fields, new ParquetStructs[0]);
    }

    private static ParquetStructs list(ParquetStructs element) {
        return new ParquetStructs(LIST, Map.of(), new ParquetStructs[] {element});
    }

    /**
     * Reads a struct of this kind to its end.
     *
     * @throws MalformedException if it is damaged or a field has not its type
     */
    void checkStruct(Reader reader) throws MalformedException {
        reader.readStruct(
                (id, found) -> {
                    ParquetStructs field = fields.get(id);
                    if (field == null) {
                        reader.skip(found);
                    } else if (found != field.type && !(field.type == TRUE && found <= 2)) {
                        throw new MalformedException("field " + id + " has type " + found);
                    } else {
                        field.checkValue(reader, found);
                    }
                });
    }

    private void checkValue(Reader reader, int found) throws MalformedException {
        switch (type) {
            case STRUCT -> checkStruct(reader);
            case LIST ->
                    reader.readList(
                            (i, elementType) -> {
                                if (elementType != element[0].type) {
                                    throw new MalformedException(
                                            "a list's elements have type " + elementType);
                                }
                                element[0].checkValue(reader, elementType);
                            });
            default -> reader.skip(found);
        }
    }
}
