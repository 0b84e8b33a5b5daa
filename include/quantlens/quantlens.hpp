/// Everything but the bench: load a model, quantize it, run protocols on it, score and compare what it says.
#pragma once

#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/protocols/load_task.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/protocols/selection.hpp"
#include "quantlens/runtime/model_session.hpp"
#include "quantlens/stats/set_level.hpp"
#include "quantlens/stats/summary.hpp"
#include "quantlens/version.hpp"
