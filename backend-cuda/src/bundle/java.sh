# Sourced by the commands of the bundle, which stands in $here: takes --emulated out of their
# arguments, and runs a class with the bundle's own Java. UGOKI_JAVA_OPTS adds options to it.
read -r -a options <<<"${UGOKI_JAVA_OPTS:-}"
device=gpu
arguments=()
for argument in "$@"; do
    if [[ $argument == --emulated ]]; then
        device=emulated
        options+=(-Dugoki.cuda=emulated "-Dugoki.cuda.cache=$here/emulated")
    else
        arguments+=("$argument")
    fi
done

run() {
    exec "$here/runtime/bin/java" --add-modules jdk.incubator.vector \
        --enable-native-access=ALL-UNNAMED "${options[@]+"${options[@]}"}" \
        -cp "$here/jars/*" "$@"
}
