#!/bin/sh
# Installs the ipykernel versions of the kernel matrix, each alone in its folder, to be put in front of PYTHONPATH.
# usage: tests/overlays.sh [PYTHON] ; the folder is $FLOWBENCH_OVERLAYS, by default .overlays in the checkout.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
python=${1:-python3}
into=${FLOWBENCH_OVERLAYS:-$here/.overlays}
for version in 6.31.0 7.3.0 7.4.0; do
    [ -d "$into/ipykernel-$version/ipykernel" ] ||
        "$python" -m pip install --quiet --no-deps --target "$into/ipykernel-$version" "ipykernel==$version"
done
