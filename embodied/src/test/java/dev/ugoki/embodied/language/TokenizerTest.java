package dev.ugoki.embodied.language;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.tensor.io.FileFormatException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Small files in the forms of public ones; what comes out is worked out by hand. */
class TokenizerTest {
    @TempDir private Path folder;

    /** JSON with single quotes for double ones. */
    private Tokenizer quoted(String json) throws IOException {
        return tokenizer(json.replace('\'', '"'));
    }

    private Tokenizer tokenizer(String json) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, json);
        return Tokenizer.read(file);
    }

    private static String[] tokens(Tokenizer tokenizer, String text) {
        int[] ids = tokenizer.encode(text);
        String[] tokens = new String[ids.length];
        for (int i = 0; i < ids.length; i++) {
            tokens[i] = tokenizer.token(ids[i]);
        }
        return tokens;
    }

    /** The ASCII characters in bytes' letters as a vocabulary, then more tokens. */
    private static String bytes(String... more) {
        ObjectNode vocabulary = JsonNodeFactory.instance.objectNode();
        for (char c = 0; c < 128; c++) {
            vocabulary.put(ByteAlphabet.encode(String.valueOf(c)), (int) c);
        }
        for (int i = 0; i < more.length; i++) {
            vocabulary.put(more[i], 300 + i);
        }
        return vocabulary.toString();
    }

    /** SmolLM's form: digits apart, bytes, merges. */
    private Tokenizer byteLevel() throws IOException {
        return tokenizer(
                """
                {'version': '1.0', 'truncation': null, 'padding': null,
                 'added_tokens': [{'id': 900, 'content': '<|end|>', 'single_word': false,
                    'lstrip': false, 'rstrip': false, 'normalized': false, 'special': true}],
                 'normalizer': null,
                 'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [
                    {'type': 'Digits', 'individual_digits': true},
                    {'type': 'ByteLevel', 'add_prefix_space': false, 'trim_offsets': true,
                     'use_regex': true}]},
                 'post_processor': null,
                 'decoder': {'type': 'ByteLevel', 'add_prefix_space': true, 'trim_offsets': true,
                    'use_regex': true},
                 'model': {'type': 'BPE', 'dropout': null, 'unk_token': null,
                    'continuing_subword_prefix': null, 'end_of_word_suffix': null,
                    'fuse_unk': false, 'byte_fallback': false, 'ignore_merges': false,
                    'vocab': VOCAB,
                    'merges': ['p u', 's h', 'pu sh', 'Ġ t', ['h', 'e'], 'Ġt he', 'sh e']}}
                """
                        .replace('\'', '"')
                        .replace("VOCAB", bytes("pu", "sh", "push", "Ġt", "he", "Ġthe", "she")));
    }

    @Test
    void mergesAreDoneInTheOrderInWhichTheyWereLearned() throws IOException {
        Tokenizer tokenizer = byteLevel();
        assertArrayEquals(new String[] {"push", "Ġthe"}, tokens(tokenizer, "push the"));
        // 's h' was learned before 'h e', so 'she' is not 's' 'he'.
        assertArrayEquals(new String[] {"she"}, tokens(tokenizer, "she"));
        assertArrayEquals(new String[] {"Ġthe", "he"}, tokens(tokenizer, " thehe"));
        assertArrayEquals(
                new String[] {"a", "1", "2", "Ġ", "3", "Ċ"}, tokens(tokenizer, "a12 3\n"));
        assertArrayEquals(new String[] {"d", "o", "n", "'", "t"}, tokens(tokenizer, "don't"));
    }

    @Test
    void whatWasEncodedIsDecoded() throws IOException {
        Tokenizer tokenizer = byteLevel();
        for (String text : List.of("push the block, 12 times!\n", "  two  spaces", "tab\tand 's")) {
            assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
        }
    }

    @Test
    void specialTokensAreFoundAsTheyStandAndLeftOutOfTexts() throws IOException {
        Tokenizer tokenizer = byteLevel();
        assertArrayEquals(
                new String[] {"push", "<|end|>", "push"}, tokens(tokenizer, "push<|end|>push"));
        assertEquals("pushpush", tokenizer.decode(tokenizer.encode("push<|end|>push")));
        assertEquals(901, tokenizer.vocabularySize());
        assertEquals(900, tokenizer.id("<|end|>"));
    }

    /** Gemma's form: spaces as signs, no words, bytes for what is unknown. */
    private Tokenizer gemma() throws IOException {
        return quoted(
                """
                {'added_tokens': [
                    {'id': 0, 'content': '<pad>', 'special': true},
                    {'id': 2, 'content': '<bos>', 'special': true}],
                 'normalizer': {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'},
                 'pre_tokenizer': {'type': 'Split', 'pattern': {'String': ' '},
                    'behavior': 'MergedWithPrevious', 'invert': false},
                 'post_processor': {'type': 'TemplateProcessing',
                    'single': [{'SpecialToken': {'id': '<bos>', 'type_id': 0}},
                        {'Sequence': {'id': 'A', 'type_id': 0}}],
                    'pair': [],
                    'special_tokens': {'<bos>': {'id': '<bos>', 'ids': [2],
                        'tokens': ['<bos>']}}},
                 'decoder': {'type': 'Sequence', 'decoders': [
                    {'type': 'Replace', 'pattern': {'String': '▁'}, 'content': ' '},
                    {'type': 'ByteFallback'}, {'type': 'Fuse'}]},
                 'model': {'type': 'BPE', 'unk_token': '<unk>', 'fuse_unk': true,
                    'byte_fallback': true,
                    'vocab': {'<pad>': 0, '<unk>': 3, '<bos>': 2, '<0xC3>': 10, '<0xA9>': 11,
                        '▁': 20, 'p': 21, 'u': 22, 't': 23, '▁p': 24, 'ut': 25, '▁put': 26},
                    'merges': ['▁ p', 'u t', '▁p ut']}}
                """);
    }

    @Test
    void spacesBelongToTheWordBehindThem() throws IOException {
        Tokenizer tokenizer = gemma();
        assertArrayEquals(new String[] {"<bos>", "p", "ut", "▁put"}, tokens(tokenizer, "put put"));
        assertEquals("put put", tokenizer.decode(tokenizer.encode("put put")));
        assertArrayEquals(new int[] {21, 25}, tokenizer.encode("put", false));
    }

    @Test
    void whatIsNotInTheVocabularyIsItsBytesOrUnknown() throws IOException {
        Tokenizer tokenizer = gemma();
        assertArrayEquals(new int[] {2, 10, 11}, tokenizer.encode("é"));
        assertEquals("é", tokenizer.decode(10, 11));
        assertEquals("\ufffd", tokenizer.decode(10));
        // Neither character has all its bytes; in a row they are one unknown.
        assertArrayEquals(new int[] {2, 3, 21}, tokenizer.encode("zyp"));
    }

    /** CLIP's form: lower case, words by a pattern, the end of a word marked. */
    @Test
    void theEndOfAWordIsMarked() throws IOException {
        Tokenizer tokenizer =
                quoted(
                        """
                        {'added_tokens': [
                            {'id': 8, 'content': '<s>', 'normalized': true, 'special': true},
                            {'id': 9, 'content': '</s>', 'normalized': false, 'special': true}],
                         'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'NFC'},
                            {'type': 'Replace', 'pattern': {'Regex': '\\\\s+'}, 'content': ' '},
                            {'type': 'Lowercase'}]},
                         'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [
                            {'type': 'Split', 'pattern': {'Regex':
                               '[\\\\p{L}]+|[\\\\p{N}]|[^\\\\s\\\\p{L}\\\\p{N}]+'},
                             'behavior': 'Removed', 'invert': true},
                            {'type': 'ByteLevel', 'add_prefix_space': false,
                             'use_regex': false}]},
                         'post_processor': {'type': 'RobertaProcessing', 'sep': ['</s>', 9],
                            'cls': ['<s>', 8], 'trim_offsets': false, 'add_prefix_space': false},
                         'decoder': {'type': 'BPEDecoder', 'suffix': '</w>'},
                         'model': {'type': 'BPE', 'unk_token': '</s>', 'end_of_word_suffix': '</w>',
                            'vocab': {'c': 0, 'a': 1, 't</w>': 2, 'ca': 3, 'cat</w>': 4, '!</w>': 5,
                                't': 6, '<s>': 8, '</s>': 9},
                            'merges': ['c a', 'ca t</w>']}}
                        """);
        assertArrayEquals(new int[] {8, 4, 4, 5, 9}, tokenizer.encode("Cat \t CAT!"));
        assertEquals("cat cat !", tokenizer.decode(tokenizer.encode("Cat  CAT!")));
        // 't' within a word is another token than 't' at its end.
        assertArrayEquals(new int[] {6, 4}, tokenizer.encode("tcat", false));
        assertArrayEquals(new int[] {4, 2}, tokenizer.encode("cat t", false));
    }

    @Test
    void wordPiecesAreTheLongestThatFit() throws IOException {
        Tokenizer tokenizer =
                quoted(
                        """
                        {'normalizer': {'type': 'BertNormalizer', 'clean_text': true,
                            'handle_chinese_chars': true, 'strip_accents': null, 'lowercase': true},
                         'pre_tokenizer': {'type': 'BertPreTokenizer'},
                         'post_processor': {'type': 'BertProcessing', 'sep': ['[SEP]', 6],
                            'cls': ['[CLS]', 5]},
                         'decoder': {'type': 'WordPiece', 'prefix': '##', 'cleanup': true},
                         'added_tokens': [{'id': 5, 'content': '[CLS]', 'special': true},
                            {'id': 6, 'content': '[SEP]', 'special': true}],
                         'model': {'type': 'WordPiece', 'unk_token': '[UNK]',
                            'continuing_subword_prefix': '##', 'max_input_chars_per_word': 100,
                            'vocab': {'[UNK]': 0, 'un': 1, '##aff': 2, '##able': 3, 'cafe': 4,
                                '[CLS]': 5, '[SEP]': 6, '.': 7, '##a': 8, '中': 9}}}
                        """);
        assertArrayEquals(new int[] {5, 1, 2, 3, 7, 6}, tokenizer.encode("Unaffable."));
        assertArrayEquals(new int[] {4, 0}, tokenizer.encode("Café affable", false));
        assertArrayEquals(new int[] {9, 9, 1}, tokenizer.encode("中中un", false));
        assertEquals("unaffable.", tokenizer.decode(5, 1, 2, 3, 7, 6));
    }

    @Test
    void ofAllDivisionsTheLikeliestIsTaken() throws IOException {
        Tokenizer tokenizer =
                quoted(
                        """
                        {'pre_tokenizer': {'type': 'Metaspace', 'replacement': '▁',
                            'prepend_scheme': 'always', 'split': true},
                         'decoder': {'type': 'Metaspace', 'replacement': '▁',
                            'prepend_scheme': 'always', 'split': true},
                         'model': {'type': 'Unigram', 'unk_id': 0, 'byte_fallback': false,
                            'vocab': [['<unk>', 0.0], ['▁', -2.0], ['a', -2.0], ['b', -2.0],
                                ['ab', -3.5], ['▁a', -2.5], ['ba', -3.0], ['▁ab', -6.0]]}}
                        """);
        // '▁a' 'b' costs 4.5, '▁' 'ab' 5.5, '▁ab' 6.
        assertArrayEquals(new String[] {"▁a", "b"}, tokens(tokenizer, "ab"));
        // '▁a' 'ba' costs 5.5, '▁a' 'b' 'a' 6.5, '▁ab' 'a' 8.
        assertArrayEquals(new String[] {"▁a", "ba", "▁", "b"}, tokens(tokenizer, "aba b"));
        assertArrayEquals(new String[] {"▁a", "<unk>", "b"}, tokens(tokenizer, "axyb"));
        assertEquals("aba b", tokenizer.decode(tokenizer.encode("aba b")));
    }

    @ParameterizedTest
    @CsvSource({
        "normalizer, Precompiled",
        "pre_tokenizer, UnicodeScripts",
        "post_processor, Unheard",
        "decoder, CTC",
        "model, Unheard"
    })
    void partsOfUnknownKindsAreRefusedByName(String part, String kind) throws IOException {
        String model = "'model': {'type': 'WordLevel', 'unk_token': 'u', 'vocab': {'u': 0}}";
        String unknown = "'%s': {'type': '%s'}".formatted(part, kind);
        String json =
                part.equals("model") ? "{" + unknown + "}" : "{" + unknown + "," + model + "}";
        FileFormatException problem = assertThrows(FileFormatException.class, () -> quoted(json));
        assertTrue(problem.getMessage().contains("'" + kind + "'"), problem.getMessage());
        assertTrue(problem.getMessage().contains(part + ".type"), problem.getMessage());
    }

    @Test
    void whatNobodyKnowsInAKnownPartIsRefusedToo() {
        FileFormatException problem =
                assertThrows(
                        FileFormatException.class,
                        () ->
                                quoted(
                                        "{'model': {'type': 'WordLevel', 'unk_token': 'u',"
                                                + " 'vocab': {'u': 0}, 'surprise': 1}}"));
        assertTrue(problem.getMessage().contains("model.surprise"), problem.getMessage());
    }

    @Test
    void instructionsAreCutAndFilledUp() throws IOException {
        var instructions = gemma().instructions(List.of("put", "p p p p p"), 4, 0);
        assertArrayEquals(
                new long[] {2, 21, 25, 0, 2, 21, 24, 24}, instructions.tokens().toLongArray());
        assertArrayEquals(new long[] {1, 1, 1, 0, 1, 1, 1, 1}, instructions.valid().toLongArray());
    }
}
