package dev.ugoki.examples.pusht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;

class EpisodeSelectionTest {
    @Test
    void theSplitOfThePaperIsThatOfItsCode() throws IOException {
        JsonNode split =
                new ObjectMapper()
                        .readTree(SharedData.file("data/pusht_derived/dp_split.json").toFile());
        int[] expected = new int[split.get("train90").size()];
        Arrays.setAll(expected, i -> split.get("train90").get(i).asInt());
        assertEquals(90, expected.length);
        assertArrayEquals(expected, EpisodeSelection.choose(206, 90));
    }

    @Test
    void anyOtherNumberIsDrawnOnce() {
        assertArrayEquals(IntStream.range(0, 50).toArray(), EpisodeSelection.choose(50, 0));
        int[] some = EpisodeSelection.choose(50, 20);
        assertEquals(20, Arrays.stream(some).distinct().count());
        assertArrayEquals(some, EpisodeSelection.choose(50, 20));
        assertThrows(IllegalArgumentException.class, () -> EpisodeSelection.choose(50, 51));
    }

    @Test
    void whatIsHeldOutIsNotLearnedFrom() {
        int[] heldOut = EpisodeSelection.heldOut(90, 9);
        assertArrayEquals(new int[] {0, 10, 20, 30, 40, 50, 60, 70, 80}, heldOut);
        assertEquals(81, EpisodeSelection.without(90, heldOut).length);
        assertThrows(IllegalArgumentException.class, () -> EpisodeSelection.heldOut(9, 9));
    }

    @Test
    void selectedEpisodesKeepWhatWasRecorded() {
        Demonstrations two =
                Demonstrations.fromPoses(
                        new float[] {1, 2, 3, 4, 5, 6},
                        new float[] {10, 20, 0, 30, 40, 1, 50, 60, 2},
                        new float[] {7, 8, 9, 10, 11, 12},
                        new int[] {1, 3});
        Demonstrations second = two.select(1);
        assertEquals(2, second.frames());
        assertEquals(two.state(1), second.state(0));
        assertEquals(two.state(2), second.state(1));
        assertArrayEquals(new float[] {9, 10, 11, 12}, second.actions());
        assertEquals(two.state(0), two.select(1, 0).state(2));
    }
}
