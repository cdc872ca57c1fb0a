package dev.ugoki.embodied.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

class ReplayBufferTest {
    @Test
    void bothFormatsOfPushTAgreeBitForBit() throws IOException {
        FrameTable zarr =
                ReplayBuffer.open(SharedData.pushtZarr()).readFrames(List.of("state", "action"));
        FrameTable lerobot =
                LeRobotDataset.open(SharedData.dataSet("pusht_lerobot_v30")).readFrames();
        assertEquals(25_650, zarr.frameCount());
        assertEquals(206, zarr.episodeCount());
        assertArrayEquals(zarr.episodeEnds(), lerobot.episodeEnds());
        assertTrue(zarr.column("action").sameBits(lerobot.column("action")));
        float[] states = zarr.column("state").floats();
        float[] agents = new float[2 * zarr.frameCount()];
        for (int frame = 0; frame < zarr.frameCount(); frame++) {
            System.arraycopy(states, 5 * frame, agents, 2 * frame, 2);
        }
        Column agent = Column.of(lerobot.column("observation.state").feature(), agents);
        assertTrue(agent.sameBits(lerobot.column("observation.state")));
    }

    @Test
    void picturesAreReadByTheFrame() throws IOException {
        ReplayBuffer buffer = ReplayBuffer.open(SharedData.pushtZarr());
        ZarrArray images = buffer.array("img");
        assertEquals(Shape.of(25_650, 96, 96, 3), images.shape());
        float[] three = images.readFloats(160, 163);
        float[] second = images.readFloats(161, 162);
        assertEquals(3 * 96 * 96 * 3, three.length);
        for (int i = 0; i < second.length; i++) {
            assertEquals(three[96 * 96 * 3 + i], second[i]);
        }
        for (float value : images.readFloats(25_649, 25_650)) {
            assertTrue(value >= 0 && value <= 255 && value == Math.rint(value));
        }
    }

    @Test
    void keypointsKeepTheirShape() throws IOException {
        ReplayBuffer buffer = ReplayBuffer.open(SharedData.pushtZarr());
        Column keypoints = buffer.readFrames(List.of("keypoint")).column("keypoint");
        assertEquals(Shape.of(9, 2), keypoints.feature().shape());
        assertEquals(18, keypoints.width());
        assertEquals(List.of("action", "img", "keypoint", "n_contacts", "state"), buffer.keys());
    }

    @Test
    void whatIsNoReplayBufferIsRefusedByName() {
        Path samples = SharedData.samples("zarr");
        DataFormatException refused =
                assertThrows(DataFormatException.class, () -> ReplayBuffer.open(samples));
        assertEquals(samples.resolve(".zgroup") + ": is missing", refused.getMessage());
    }
}
