/// A server on this machine that answers as scripted, with any bytes: what may go wrong behind a URL.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"

namespace quantlens::test {

/// What happens on one connection once its request was read.
struct FakeReply {
  std::string bytes;    ///< sent as they are
  bool resets = false;  ///< then resets the connection instead of closing it
  bool hangs = false;   ///< then stays open without a word
  bool drips = false;   ///< sends one byte at a time, slowly
};

inline std::string http_bytes(std::string_view status, std::string_view body,
                              std::string_view headers = "Content-Type: application/json\r\n") {
  return concat("HTTP/1.1 ", status, "\r\n", headers, "Content-Length: ", body.size(), "\r\nConnection: close\r\n\r\n",
                body);
}

/// A whole answer with this text.
inline std::string chat_bytes(std::string_view text) {
  const nlohmann::json body{
      {"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}}},
      {"usage", {{"prompt_tokens", 30}, {"completion_tokens", 2}}}};
  return http_bytes("200 OK", body.dump());
}

class FakeEndpoint {
 public:
  /// Connections are answered in this order, and all further ones as the last.
  explicit FakeEndpoint(std::vector<FakeReply> replies) : replies_(std::move(replies)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, any, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, any, &size) != 0)
      throw std::runtime_error("no port to listen on");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  FakeEndpoint(const FakeEndpoint&) = delete;
  FakeEndpoint& operator=(const FakeEndpoint&) = delete;
  ~FakeEndpoint() {
    stops_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::string url() const { return concat("http://127.0.0.1:", port_); }

  /// Heads and bodies so far.
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (std::size_t n = 0; !stops_; ++n) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      read_request(connection);
      answer(connection, replies_[std::min(n, replies_.size() - 1)]);
      ::close(connection);
    }
  }

  void read_request(int connection) {
    std::string text;
    std::size_t wanted = std::string::npos;
    char buffer[4096];
    while (text.size() < wanted) {
      const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      text.append(buffer, static_cast<std::size_t>(n));
      if (text.front() == '\x16') break;  // a handshake of TLS, which is not spoken here
      const std::size_t end = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
      if (wanted == std::string::npos && end != std::string::npos)
        wanted = end + 4 + (length == std::string::npos ? 0 : std::stoul(text.substr(length + 16)));
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back(text);
  }

  void answer(int connection, const FakeReply& reply) {
    const std::size_t step = reply.drips ? 1 : reply.bytes.size();
    for (std::size_t at = 0; at < reply.bytes.size() && !stops_; at += step) {
      if (::send(connection, reply.bytes.data() + at, std::min(step, reply.bytes.size() - at), MSG_NOSIGNAL) < 0)
        return;
      if (reply.drips) pause();
    }
    while (reply.hangs && !stops_ && is_open(connection)) pause();
    const linger at_once{1, 0};
    if (reply.resets) ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  /// Whether the other side waits.
  [[nodiscard]] static bool is_open(int connection) {
    char byte = 0;
    return ::recv(connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
  }

  static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

  std::vector<FakeReply> replies_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace quantlens::test
