#!/usr/bin/env bash
# Compiles and runs the consumers' sources with what pkg-config says of an installed quantlens.
#
# Usage: CXX=COMPILER PKG_CONFIG=PROGRAM PKG_CONFIG_PATH=DIR pkg_config.sh WORK_FOLDER
set -euo pipefail
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cd "$1"

"$PKG_CONFIG" --validate quantlens
read -ra flags <<<"$("$PKG_CONFIG" --cflags --libs quantlens)"
echo "${flags[*]}"
for source in multiply.cpp find_package/main.cpp; do
  "$CXX" -std=c++20 "$sources/$source" -o consumer "${flags[@]}"
  ./consumer
done
# The version is the headers'.
[[ $(./consumer) == "quantlens $("$PKG_CONFIG" --modversion quantlens)" ]]
