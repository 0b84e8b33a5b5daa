/// The main job: what each format of a model costs in quality, speed and memory. `--help` lists its options.
#include "quantlens/main.hpp"

QUANTLENS_MAIN()
