// What ./ugoki jshell imports.
import dev.ugoki.autograd.*;
import dev.ugoki.nn.*;
import dev.ugoki.nn.layer.*;
import dev.ugoki.nn.optim.*;
import dev.ugoki.tensor.*;
import dev.ugoki.tensor.graph.*;
import dev.ugoki.tensor.io.*;
