package dev.ugoki.embodied.control;

/** What a robot does at a step for which no action has come in time. */
public enum OnMiss {
    /** Its last action again: it stays where it was going. */
    HOLD,
    /** It moves on as it moved between its last two actions, for a while, then holds. */
    EXTRAPOLATE,
    /** The stop action, from now on until the controller is reset. */
    STOP
}
