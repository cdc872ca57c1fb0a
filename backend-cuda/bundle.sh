#!/usr/bin/env bash
# Makes a folder that runs on any Linux x86-64 machine with an NVIDIA driver and CUDA 13's
# libraries, and no Java: backend-cuda/bundle.sh [FOLDER]. JAVA25_HOME names the JDK.
set -euo pipefail
root=$(cd -P "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
bundle=$(mkdir -p "${1:-$root/backend-cuda/target/bundle}" &&
    cd "${1:-$root/backend-cuda/target/bundle}" && pwd)
most_bytes=$((60 << 20))

jdk=${JAVA25_HOME:-}
for home in "$jdk" "${JAVA_HOME:-}" /usr/lib/jvm/* "$HOME"/.sdkman/candidates/java/*; do
    if [[ -x $home/bin/jlink && -r $home/release ]] &&
        grep -q '^JAVA_VERSION="25' "$home/release"; then
        jdk=$home
        break
    fi
done
[[ -x $jdk/bin/jlink ]] || {
    echo "bundle.sh: found no JDK 25 with jlink; let JAVA25_HOME name its folder" >&2
    exit 1
}

rm -rf "$bundle"/{runtime,jars,emulated}
JAVA25_HOME=$jdk mvn -q -B -ntp ${UGOKI_MAVEN_OPTS:-} -f "$root/pom.xml" -DskipTests \
    -pl backend-cuda -am package
mkdir -p "$bundle/jars"
# Everything that the tests run with, but OpenBLAS, which is large: products on the CPU, which
# results are compared with, then run in Java.
cp "$root"/{tensor-api,autograd,tensor-tck,nn,backend-cpu,backend-cuda}/target/ugoki-*-SNAPSHOT.jar \
    "$bundle/jars"
IFS=: read -r -a jars <"$root/backend-cuda/target/bundle-classpath" || true # no newline at its end
for jar in "${jars[@]}"; do
    case $jar in
        *openblas* | */target/classes) ;;
        *.jar) cp "$jar" "$bundle/jars" ;;
    esac
done
# Of the bindings' native halves, those that the backend uses.
natives=$(cd "$bundle/jars" && ls cuda-*-linux-x86_64.jar)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && "$jdk/bin/jar" --extract --file "$bundle/jars/$natives" \
    org/bytedeco/cuda/linux-x86_64/libjni{cudart,cublas,cudnn,nvrtc}.so)
"$jdk/bin/jar" --create --file "$bundle/jars/$natives" -C "$work" .
"$jdk/bin/jar" --create --file "$bundle/jars/ugoki-backend-cuda-tests.jar" \
    -C "$root/backend-cuda/target/test-classes" .
"$jdk/bin/jlink" --output "$bundle/runtime" --strip-debug --no-header-files --no-man-pages \
    --compress zip-9 --add-modules \
    java.base,java.logging,java.management,java.xml,jdk.incubator.vector,jdk.jfr,jdk.management,jdk.unsupported
# jlink leaves the virtual machine its table of symbols, a tenth of the bundle.
if command -v strip >/dev/null; then
    strip --strip-unneeded "$bundle/runtime/lib/server/libjvm.so"
fi
cp "$root"/backend-cuda/src/bundle/* "$bundle"
chmod +x "$bundle"/run-*
bytes=$(du -sb "$bundle" | cut -f1)
echo "bundle: $bundle, $((bytes >> 20)) MiB"
((bytes <= most_bytes)) || {
    echo "bundle.sh: that is more than $((most_bytes >> 20)) MiB" >&2
    exit 1
}
