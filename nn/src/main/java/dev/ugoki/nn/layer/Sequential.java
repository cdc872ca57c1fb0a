package dev.ugoki.nn.layer;

import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Tensor;

import java.util.List;

/** Layers one after the other, named by their numbers from 0. */
public final class Sequential extends Layer {
    private final List<Layer> layers;

    /** The given layers, first to last. */
    public Sequential(Layer... layers) {
        this.layers = List.of(layers);
        for (int i = 0; i < layers.length; i++) {
            child(Integer.toString(i), layers[i]);
        }
    }

    /** The layer with a number. */
    public Layer get(int index) {
        return layers.get(index);
    }

    /** How many layers there are. */
    public int size() {
        return layers.size();
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor y = x;
        for (Layer layer : layers) {
            y = layer.apply(y);
        }
        return y;
    }
}
