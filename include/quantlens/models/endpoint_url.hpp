/// Where an endpoint is: the URLs that are taken, and nothing in them that is secret or that requests would lose.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/core/parse_number.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// http[s]://HOST[:PORT][/PATH], in parts.
struct EndpointUrl {
  bool tls = false;
  std::string host;  ///< in lower case; an IPv6 address in its brackets
  std::uint16_t port = 0;
  std::string path;  ///< empty, or with a slash in front and none behind

  /// What requests connect to: "https://api.example.com:443".
  [[nodiscard]] std::string origin() const { return concat(tls ? "https://" : "http://", host, ":", port); }

  /// One spelling of each endpoint: without the port that the scheme has anyway.
  [[nodiscard]] std::string text() const {
    const bool is_usual = port == (tls ? 443 : 80);
    return concat(tls ? "https://" : "http://", host, is_usual ? "" : concat(":", port), path);
  }
};

/// Whether a text is meant as a URL and not as a path.
[[nodiscard]] inline bool is_url(std::string_view text) { return text.find("://") != std::string_view::npos; }

namespace detail {

/// A part of an URL as errors show it; what stands in front of an @ may be a password.
[[nodiscard]] inline InputError bad_url(std::string_view text, std::string_view why) {
  const std::size_t at = text.rfind('@');
  const std::string shown = at == std::string_view::npos ? std::string(text) : concat("...", text.substr(at));
  return {"usage", concat("'", shown, "' is no endpoint: ", why, "; expected http[s]://HOST[:PORT][/PATH]")};
}

[[nodiscard]] inline bool is_host(std::string_view host) {
  const bool is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_v6) host = host.substr(1, host.size() - 2);
  const std::string_view allowed = is_v6 ? "0123456789abcdef:." : "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return !host.empty() && host.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace detail

/// Reads the base of an OpenAI-compatible interface. A path may end in the /v1 that its requests begin with, and is the
/// same without. Errors: InputError "usage" for other schemes, user names, queries, fragments, and what is no host or
/// port.
[[nodiscard]] inline EndpointUrl parse_endpoint_url(std::string_view text) {
  using detail::bad_url;
  EndpointUrl url;
  const std::size_t scheme_end = text.find("://");
  const std::string_view scheme = text.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "https"))
    throw bad_url(text, "its scheme is neither http nor https");
  url.tls = scheme == "https";
  const std::string_view rest = text.substr(scheme_end + 3);
  if (rest.find('@') != std::string_view::npos)
    throw bad_url(text, "a name or password in it would be written down; keys come from the environment");
  if (rest.find_first_of("?#") != std::string_view::npos) throw bad_url(text, "a query or fragment has no place in it");

  const std::size_t path_begin = std::min(rest.find('/'), rest.size());
  std::string_view place = rest.substr(0, path_begin), path = rest.substr(path_begin);
  url.port = url.tls ? 443 : 80;
  const std::size_t colon = place.rfind(':');
  if (colon != std::string_view::npos && place.find(']', colon) == std::string_view::npos) {
    url.port = static_cast<std::uint16_t>(parse_whole_number("the port of a URL", place.substr(colon + 1), {1, 65535}));
    place = place.substr(0, colon);
  }
  for (const char c : place) url.host += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (!detail::is_host(url.host)) throw bad_url(text, concat("'", url.host, "' is no host"));

  const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '>'; };
  if (!std::all_of(path.begin(), path.end(), is_plain)) throw bad_url(text, "its path holds blanks or other odd bytes");
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with("/chat/completions")) throw bad_url(text, "/v1/chat/completions is added by each request");
  if (path.ends_with("/v1")) path.remove_suffix(3);
  while (path.ends_with('/')) path.remove_suffix(1);
  url.path = path;
  return url;
}

}  // namespace quantlens::inline QUANTLENS_ABI
