package dev.ugoki.embodied.language;

/** Kinds of characters as tokenizers tell them apart. */
final class Characters {
    private Characters() {}

    static boolean isWhitespace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    /** ASCII signs, and what Unicode calls punctuation. */
    static boolean isPunctuation(int c) {
        boolean isAsciiSign =
                c >= '!' && c <= '/'
                        || c >= ':' && c <= '@'
                        || c >= '[' && c <= '`'
                        || c >= '{' && c <= '~';
        return isAsciiSign
                || switch (Character.getType(c)) {
                    case Character.CONNECTOR_PUNCTUATION,
                            Character.DASH_PUNCTUATION,
                            Character.START_PUNCTUATION,
                            Character.END_PUNCTUATION,
                            Character.INITIAL_QUOTE_PUNCTUATION,
                            Character.FINAL_QUOTE_PUNCTUATION,
                            Character.OTHER_PUNCTUATION ->
                            true;
                    default -> false;
                };
    }

    static boolean isNumeric(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
                    true;
            default -> false;
        };
    }

    static boolean isControl(int c) {
        if (c == '\t' || c == '\n' || c == '\r') {
            return false;
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED ->
                    true;
            default -> false;
        };
    }

    static boolean isChinese(int c) {
        return c >= 0x4e00 && c <= 0x9fff
                || c >= 0x3400 && c <= 0x4dbf
                || c >= 0x20000 && c <= 0x2a6df
                || c >= 0x2a700 && c <= 0x2b73f
                || c >= 0x2b740 && c <= 0x2b81f
                || c >= 0x2b920 && c <= 0x2ceaf
                || c >= 0xf900 && c <= 0xfaff
                || c >= 0x2f800 && c <= 0x2fa1f;
    }
}
