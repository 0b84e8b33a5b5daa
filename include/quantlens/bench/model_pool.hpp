/// A model file and the formats of it that are in memory.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "quantlens/bench/cell.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Keeps each format that somebody asked for, until it is released; what prompts left in memory only of the last.
class ModelPool {
 public:
  explicit ModelPool(ModelProvider& provider) : provider_(provider), sha256_(provider.sha256()) {}

  [[nodiscard]] ModelProvider& provider() const { return provider_; }
  [[nodiscard]] const std::string& sha256() const { return sha256_; }

  [[nodiscard]] std::shared_ptr<MeasuredModel> get(const NamedFormat& format) {
    for (const auto& [name, other] : models_)
      if (other && name != format.name()) other->forget_prompts();
    std::shared_ptr<MeasuredModel>& model = models_[format.name()];
    if (!model) model = provider_.build(format.spec());
    return model;
  }

  /// `full` stays: it judges what others write.
  void release(const NamedFormat& format) {
    if (!format.is_full()) models_.erase(format.name());
  }

  /// What the weights take of all formats in memory but `full` and this one. Units: MiB.
  [[nodiscard]] double others_mib(const NamedFormat& format) const {
    double sum = 0;
    for (const auto& [name, model] : models_)
      if (model && name != "full" && name != format.name()) sum += model->weight().mib;
    return sum;
  }

 private:
  ModelProvider& provider_;
  std::string sha256_;
  std::map<std::string, std::shared_ptr<MeasuredModel>> models_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
