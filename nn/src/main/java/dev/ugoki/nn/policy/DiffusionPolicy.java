package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Buffer;
import dev.ugoki.nn.Module;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;

/**
 * Denoising diffusion: the network learns to say what noise is in a chunk, and sampling takes it
 * out step by step.
 *
 * <p>State names are LeRobot's, {@code diffusion.unet...}.
 *
 * <p>Source: Chi et al.: Diffusion policy (RSS 2023).
 */
public final class DiffusionPolicy extends ChunkPolicy {
    /** A level of names. */
    private static final class Level extends Module {
        Level(@Nullable Module encoder, Module network) {
            if (encoder != null) {
                child("rgb_encoder", encoder);
            }
            child("unet", network);
        }
    }

    private final Denoiser network;
    private final DiffusionSampler sampler;
    private final Buffer actionScales;
    private final Buffer noiseScales;

    /**
     * A policy that is trained on all steps of the sampler's schedule.
     *
     * @param <D> a network that is a module too
     */
    public <D extends Module & Denoiser> DiffusionPolicy(
            D network, int length, int actions, DiffusionSampler sampler) {
        this(network, null, length, actions, sampler);
    }

    /** As above, with the encoder that conditioning is made with, so that it is learned too. */
    <D extends Module & Denoiser> DiffusionPolicy(
            D network,
            @Nullable Module encoder,
            int length,
            int actions,
            DiffusionSampler sampler) {
        super(length, actions);
        this.network = network;
        this.sampler = sampler;
        child("diffusion", new Level(encoder, network));
        NoiseSchedule schedule = sampler.schedule();
        actionScales = constant("actionScales", table(t -> Math.sqrt(schedule.kept(t))));
        noiseScales = constant("noiseScales", table(t -> Math.sqrt(1 - schedule.kept(t))));
    }

    private Tensor table(IntToDoubleFunction function) {
        double[] values = new double[sampler.schedule().steps()];
        for (int i = 0; i < values.length; i++) {
            values[i] = function.applyAsDouble(i);
        }
        return Tensor.of(values, values.length);
    }

    public DiffusionSampler sampler() {
        return sampler;
    }

    @Override
    public Tensor loss(Chunks chunks, Key key) {
        Tensor actions = chunks.actions();
        Tensor noise = Random.normal(key.fold(0), actions.dtype(), actions.shape().toArray());
        Tensor steps =
                Random.integers(key.fold(1), 0, sampler.schedule().steps(), actions.extent(0));
        return loss(chunks, noise, steps);
    }

    /**
     * The loss for given draws.
     *
     * @param noise of the actions' type
     * @param steps I64 {@code [n]}
     */
    public Tensor loss(Chunks chunks, Tensor noise, Tensor steps) {
        check(chunks);
        Tensor actions = chunks.actions();
        Tensor noisy =
                at(actionScales, steps, actions.dtype())
                        .mul(actions)
                        .add(at(noiseScales, steps, actions.dtype()).mul(noise));
        Tensor predicted = network.apply(noisy, steps.cast(actions.dtype()), chunks.conditioning());
        Tensor target =
                switch (sampler.prediction()) {
                    case NOISE -> noise;
                    case ACTIONS -> actions;
                };
        return chunks.mean(Losses.mse(predicted, target, Reduction.NONE));
    }

    private static Tensor at(Buffer table, Tensor steps, DType dtype) {
        Tensor values = table.tensor().gather(0, steps).cast(dtype);
        return values.reshape(steps.extent(0), 1, 1);
    }

    @Override
    public Tensor sample(Tensor conditioning, Key key) {
        long[] shape = {conditioning.extent(0), chunkLength(), actionSize()};
        Tensor start = Random.normal(key.fold(0), conditioning.dtype(), shape);
        return sample(conditioning, start, noises(key.fold(1), start));
    }

    /** Noise after noise, of the type of a start. */
    static Supplier<Tensor> noises(Key key, Tensor start) {
        return new Supplier<>() {
            private long drawn;

            @Override
            public Tensor get() {
                return Random.normal(key.fold(drawn++), start.dtype(), start.shape().toArray());
            }
        };
    }

    /**
     * Chunks that begin as {@code start [n, length, actions]}.
     *
     * @param noise gives more normal numbers for each step that draws
     */
    public Tensor sample(Tensor conditioning, Tensor start, Supplier<Tensor> noise) {
        return Autograd.noGrad(
                () ->
                        sampler.sample(
                                (noisy, step) -> predict(noisy, step, conditioning), start, noise));
    }

    private Tensor predict(Tensor noisy, int step, Tensor conditioning) {
        Tensor steps = Tensor.full(noisy.dtype(), Shape.of(noisy.extent(0)), step);
        return network.apply(noisy, steps, conditioning);
    }
}
