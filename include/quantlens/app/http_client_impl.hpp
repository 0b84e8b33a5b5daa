/// What http_client.hpp declares, defined.
#pragma once

#include <httplib.h>
#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "quantlens/app/http_client.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/version.hpp"

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "quantlens/app needs cpp-httplib with OpenSSL: compile and link with what pkg-config says of cpp-httplib"
#endif

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// One exchange. The request runs in a thread of its own, so that a deadline or a signal ends it wherever it waits.
class HttpExchange {
 public:
  HttpExchange(const EndpointUrl& url, const ApiKey& key, const HttpLimits& limits, std::string_view json)
      : limits_(limits), client_(url.origin()) {
    const auto micros = [](double seconds) {
      return std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
    };
    client_.set_connection_timeout(micros(limits.connect_seconds));
    // The deadline of run() comes first: it is what says that an answer is late.
    client_.set_read_timeout(micros(2 * limits.seconds));
    client_.set_write_timeout(micros(2 * limits.seconds));
    client_.set_follow_location(false);
    request_.method = "POST";
    request_.path = url.path + "/v1/chat/completions";
    request_.headers = {
        {"Content-Type", "application/json"}, {"Accept", "application/json"}, {"Accept-Encoding", "identity"}};
    if (!key.empty()) request_.headers.emplace("Authorization", key.authorization());
    request_.body = json;
    request_.content_receiver = [this](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      is_too_large_ = body_.size() + size > limits_.body_bytes;
      if (!is_too_large_) body_.append(data, size);
      return !is_too_large_;
    };
  }

  [[nodiscard]] HttpReply run() {
    std::packaged_task<httplib::Result()> task([this] {
      // A connection that breaks while it is written to, and signals for the program, are none of this thread's.
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      return client_.send(request_);
    });
    std::future<httplib::Result> result = task.get_future();
    std::thread worker(std::move(task));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(limits_.seconds);
    bool is_late = false;
    while (result.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
      is_late = is_late || std::chrono::steady_clock::now() > deadline;
      if (is_late || InterruptGuard::is_pending()) client_.stop();
    }
    worker.join();
    InterruptGuard::check();
    return reply_of(result.get(), is_late);
  }

 private:
  [[nodiscard]] HttpReply reply_of(const httplib::Result& result, bool is_late) {
    HttpReply reply;
    if (is_too_large_) {
      reply.failure = concat("an answer of more than ", limits_.body_bytes, " bytes");
      reply.is_final = true;
    } else if (is_late) {
      reply.failure = concat("no whole answer within ", limits_.seconds, " seconds");
    } else if (!result) {
      reply.failure = failure_text(result.error());
      reply.is_final = result.error() == httplib::Error::SSLServerVerification;
    } else {
      reply.status = result->status;
      reply.content_type = result->get_header_value("Content-Type");
      reply.retry_after = result->get_header_value("Retry-After");
      reply.location = result->get_header_value("Location");
      reply.body = std::move(body_);
    }
    return reply;
  }

  [[nodiscard]] std::string failure_text(httplib::Error error) const {
    switch (error) {
      case httplib::Error::Connection:
        return "no connection; is it running, and is the address right?";
      case httplib::Error::ConnectionTimeout:
        return concat("no connection within ", limits_.connect_seconds, " seconds");
      case httplib::Error::Read:
      case httplib::Error::Write:
        return "the connection broke before the answer was whole";
      case httplib::Error::SSLServerVerification:
        return "its certificate is not to be trusted";
      default:
        return concat("the exchange failed (", httplib::to_string(error), ")");
    }
  }

  HttpLimits limits_;
  httplib::Client client_;
  httplib::Request request_;
  std::string body_;
  bool is_too_large_ = false;
};

}  // namespace detail

QUANTLENS_INLINE PostJson http_post(const EndpointUrl& url, const ApiKey& key, const HttpLimits& limits) {
  return [=](std::string_view json) { return detail::HttpExchange(url, key, limits, json).run(); };
}

}  // namespace quantlens::inline QUANTLENS_ABI
