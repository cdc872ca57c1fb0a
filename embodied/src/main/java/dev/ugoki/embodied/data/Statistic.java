package dev.ugoki.embodied.data;

import java.util.Locale;

/** What is told of each element of a feature over the frames of an episode or a data set. */
public enum Statistic {
    MIN,
    MAX,
    MEAN,
    /** The population's standard deviation: divided by the count, not by one less. */
    STD,
    Q01(0.01),
    Q10(0.10),
    Q50(0.50),
    Q90(0.90),
    Q99(0.99);

    private final double quantile;

    Statistic() {
        this(Double.NaN);
    }

    Statistic(double quantile) {
        this.quantile = quantile;
    }

    /** The name in LeRobot's files: lower case. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Which part of the values lies below; NaN for what is no quantile. */
    double quantile() {
        return quantile;
    }
}
