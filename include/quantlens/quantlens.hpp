/// Everything but the bench: load a model, quantize it, run protocols on it, score and compare what it says.
#pragma once

#include "quantlens/io/data_folders.hpp"
#include "quantlens/kernels/multiply.hpp"
#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/stats/set_level.hpp"
#include "quantlens/stats/summary.hpp"
#include "quantlens/tasks/load_task.hpp"
#include "quantlens/tasks/selection.hpp"
#include "quantlens/version.hpp"
