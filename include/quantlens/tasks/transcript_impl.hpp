/// What transcript.hpp declares, defined.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "quantlens/core/compiled.hpp"
#include "quantlens/tasks/transcript.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE Transcript::Transcript() : Transcript(nlohmann::json(nlohmann::json::value_t::array)) {}
QUANTLENS_INLINE Transcript::Transcript(nlohmann::json list)
    : steps_(std::make_unique<nlohmann::json>(std::move(list))) {}
QUANTLENS_INLINE Transcript::Transcript(const Transcript& other) : Transcript(*other.steps_) {}
QUANTLENS_INLINE Transcript::Transcript(Transcript&& other) noexcept = default;
QUANTLENS_INLINE Transcript& Transcript::operator=(Transcript other) noexcept {
  steps_.swap(other.steps_);
  return *this;
}
QUANTLENS_INLINE Transcript::~Transcript() = default;

QUANTLENS_INLINE void Transcript::push_back(nlohmann::json step) { steps_->push_back(std::move(step)); }
QUANTLENS_INLINE nlohmann::json& Transcript::back() { return steps_->back(); }
QUANTLENS_INLINE const nlohmann::json& Transcript::back() const { return steps_->back(); }
QUANTLENS_INLINE const nlohmann::json& Transcript::operator[](std::size_t step) const { return steps_->at(step); }
QUANTLENS_INLINE std::size_t Transcript::size() const { return steps_->size(); }
QUANTLENS_INLINE bool Transcript::empty() const { return steps_->empty(); }
QUANTLENS_INLINE const nlohmann::json& Transcript::json() const { return *steps_; }
QUANTLENS_INLINE bool Transcript::equals(const Transcript& other) const { return *steps_ == *other.steps_; }

}  // namespace quantlens::inline QUANTLENS_ABI
