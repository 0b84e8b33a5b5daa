/// POST over HTTP and HTTPS by cpp-httplib, for judges behind an interface: the one place that knows of the network.
#pragma once

#include <cstddef>

#include "quantlens/models/api_key.hpp"
#include "quantlens/models/endpoint_url.hpp"
#include "quantlens/models/http_judge.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What one request may take. Units: seconds, bytes.
struct HttpLimits {
  double connect_seconds = 10;
  double seconds = 120;  ///< from the first byte sent to the last one received
  std::size_t body_bytes = std::size_t{8} << 20;
};

/// Posts to the endpoint's chat completions. The key goes there alone: redirects are not followed, certificates are
/// checked. An answer takes no more time and memory than the limits, whatever the other side does.
/// Errors: as PostJson.
[[nodiscard]] PostJson http_post(const EndpointUrl& url, const ApiKey& key, const HttpLimits& limits = {});

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/app/http_client_impl.hpp"
#endif
