package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Convolutions;

/** Channels of convolutions and their groups. */
final class Channels {
    private Channels() {}

    /** How many of {@code channels} are in a group. */
    static long perGroup(String layer, long channels, int groups) {
        if (groups < 1 || channels % groups != 0) {
            throw new IllegalArgumentException(
                    layer
                            + ": "
                            + channels
                            + " channels cannot be divided into "
                            + groups
                            + " groups");
        }
        return channels / groups;
    }

    /** Settings, as printed. */
    static String describe(Convolutions.Settings settings) {
        return "stride=%s, padding=%s".formatted(settings.stride(), settings.padding())
                + (settings.dilation().stream().allMatch(each -> each == 1)
                        ? ""
                        : ", dilation=" + settings.dilation())
                + (settings.groups() == 1 ? "" : ", groups=" + settings.groups());
    }
}
