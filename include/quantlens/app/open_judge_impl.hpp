/// What open_judge.hpp declares, defined.
#pragma once

#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "quantlens/app/http_client.hpp"
#include "quantlens/app/open_judge.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

[[nodiscard]] inline Judge endpoint_judge(const JudgeOptions& options, const std::function<double()>& seconds) {
  if (options.model.empty())
    throw InputError("usage", "--judge URL needs --judge-model, the endpoint's name for the model that is to judge");
  const EndpointUrl url = parse_endpoint_url(options.source);
  const ApiKey key = ApiKey::from_environment(url.tls);
  HttpJudgeOptions http;
  http.url = url.text();
  http.model = options.model;
  http.max_requests = options.max_requests;
  http.max_tokens = options.max_tokens;
  http.cache = options.cache;
  const auto make = [=] { return std::make_shared<HttpJudge>(http, key, http_post(url, key)); };
  return {{{"url", http.url}, {"model", http.model}}, std::make_shared<MeteredModel>(make, seconds)};
}

}  // namespace detail

QUANTLENS_INLINE Judge open_judge(const BenchOptions& options, const OpenModel& open,
                                  std::initializer_list<const ModelProvider*> under_test,
                                  const std::function<double()>& seconds) {
  const JudgeOptions& judge = options.judge;
  if (judge.source.empty()) {
    if (!judge.model.empty() || !judge.cache.empty())
      throw InputError("usage", "--judge-model and --judge-cache are for an endpoint; name it with --judge URL");
    return {};
  }
  if (is_url(judge.source)) return detail::endpoint_judge(judge, seconds);
  if (!judge.model.empty() || !judge.cache.empty())
    throw InputError(
        "usage", concat("--judge-model and --judge-cache are for an endpoint; --judge names the file ", judge.source));
  std::shared_ptr<ModelProvider> provider = open(find_model(judge.source), options);
  for (const ModelProvider* other : under_test)
    if (other != nullptr && other->sha256() == provider->sha256() && !judge.allow_self)
      throw InputError("judge", concat(judge.source,
                                       " is the model under test itself; name another judge, or allow it "
                                       "with --judge-self"));
  nlohmann::json identity{{"sha256", provider->sha256()}, {"format", NamedFormat().name()}};
  const auto build = [provider] { return provider->build(FormatSpec{}); };
  return {std::move(identity), std::make_shared<MeteredModel>(build, seconds)};
}

}  // namespace quantlens::inline QUANTLENS_ABI
