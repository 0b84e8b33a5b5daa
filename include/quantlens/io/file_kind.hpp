/// Tells what a file is by its first bytes, and opens it only where that is what its reader expects.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What the first bytes of a file say. `text` is any other beginning of readable characters, `unknown` the rest.
enum class FileKind {
  empty,
  lfs_pointer,
  web_page,
  json,
  text,
  safetensors,
  gguf,
  old_ggml,
  zip,
  pickle,
  hdf5,
  gzip,
  unknown
};

namespace detail {

/// Behind blanks and a byte order mark, in lower case: how a page or a JSON value begins.
[[nodiscard]] inline std::string readable_start(std::string_view bytes) {
  constexpr std::size_t most = 64;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  bytes.remove_prefix(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size()));
  std::string start(bytes.substr(0, most));
  for (char& c : start)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return start;
}

/// Whether the file begins as text does; the length with which a safetensors file begins has bytes of 0.
[[nodiscard]] inline bool begins_as_text(std::string_view bytes) {
  constexpr std::size_t enough = 16;
  const std::string_view start = bytes.substr(0, enough);
  return std::ranges::all_of(start, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7f) || c == '\t' || c == '\r' || c == '\n';
  });
}

/// A length that the format allows and the brace behind it.
[[nodiscard]] inline bool begins_as_safetensors(std::string_view bytes) {
  constexpr std::size_t length_bytes = 8;
  constexpr std::uint64_t max_header_bytes = 100'000'000;
  if (bytes.size() <= length_bytes || bytes[length_bytes] != '{') return false;
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), length_bytes);
  return length <= max_header_bytes;
}

}  // namespace detail

/// What a file is. `bytes`: the whole of it or its beginning.
[[nodiscard]] inline FileKind file_kind(std::string_view bytes) {
  if (bytes.empty()) return FileKind::empty;
  if (bytes.starts_with("version https://git-lfs.github.com/spec/")) return FileKind::lfs_pointer;
  if (detail::begins_as_safetensors(bytes)) return FileKind::safetensors;
  if (bytes.starts_with("GGUF")) return FileKind::gguf;
  for (const std::string_view magic : {"lmgg", "fmgg", "tjgg", "algg"})
    if (bytes.starts_with(magic)) return FileKind::old_ggml;
  if (bytes.starts_with("PK\x03\x04")) return FileKind::zip;
  if (bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5) return FileKind::pickle;
  if (bytes.starts_with("\x89HDF")) return FileKind::hdf5;
  if (bytes.starts_with("\x1f\x8b")) return FileKind::gzip;
  if (!detail::begins_as_text(bytes)) return FileKind::unknown;
  const std::string start = detail::readable_start(bytes);
  for (const std::string_view tag : {"<!doctype", "<html", "<head", "<body", "<?xml", "<error"})
    if (start.starts_with(tag)) return FileKind::web_page;
  return start.starts_with('{') || start.starts_with('[') ? FileKind::json : FileKind::text;
}

namespace detail {

/// The number behind "size " in a Git LFS pointer, as a clause; empty where there is none.
[[nodiscard]] inline std::string lfs_size(std::string_view pointer) {
  const std::size_t at = pointer.find("\nsize ");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = pointer.substr(at + 6);
  const std::size_t n = std::min(rest.find_first_not_of("0123456789"), rest.size());
  return n == 0 || n > 20 ? std::string() : concat(" of ", rest.substr(0, n), " bytes");
}

/// The readable characters of the first line, at most 60 of them.
[[nodiscard]] inline std::string first_words(std::string_view text) {
  constexpr std::size_t most = 60;
  std::string words;
  for (const char c : text.substr(0, std::min(text.find('\n'), most))) words += c >= ' ' && c <= '~' ? c : '?';
  return words;
}

/// What a file of that kind is and what to do instead of reading it.
[[nodiscard]] inline std::string kind_and_remedy(FileKind kind, std::string_view bytes,
                                                 const std::filesystem::path& path) {
  if (kind == FileKind::json && path.extension() == ".json")
    return "is a JSON file, as a Hugging Face folder holds; name the folder instead";
  switch (kind) {
    case FileKind::empty:
      return "is empty; was the download or the copy cut off? Fetch it again";
    case FileKind::lfs_pointer:
      return concat("is a Git LFS pointer, a note that stands for the file", lfs_size(bytes),
                    "; run `git lfs pull` in its repository, or download the file itself");
    case FileKind::web_page:
      return concat("is a web page ('", first_words(bytes),
                    "'), such as a login or error page; download the file again, with access to it");
    case FileKind::json:
    case FileKind::text:
      return concat("is text ('", first_words(bytes),
                    "'), such as a server's error message; download the file again, or name the model's own file");
    case FileKind::safetensors:
      return "is a safetensors file; name the Hugging Face folder that holds it and config.json";
    case FileKind::gguf:
      return "is a GGUF file; name it itself as the model";
    case FileKind::old_ggml:
      return "is a file of the formats before GGUF; convert the original model with llama.cpp's convert_hf_to_gguf.py";
    case FileKind::zip:
    case FileKind::pickle:
      return concat("is a ", kind == FileKind::zip ? "zip archive" : "Python pickle",
                    ", as PyTorch saves its files; load the model in transformers and save it again with "
                    "save_pretrained(folder), which writes safetensors");
    case FileKind::hdf5:
      return "is an HDF5 file, as TensorFlow saves its weights; load the model in transformers with from_tf=True and "
             "save it again with save_pretrained(folder), which writes safetensors";
    case FileKind::gzip:
      return "is compressed with gzip; unpack it first";
    case FileKind::unknown:
      break;
  }
  return "is of an unknown kind";
}

}  // namespace detail

/// Maps a file of one kind: safetensors, gguf, json or text.
/// Errors: those of MappedFile::open; InputError `file_kind` where it is a file of another kind, with what it is and
/// what to do. What no kind is known for is left to the reader, who can say which byte is wrong; text that
/// is expected may be of any contents but a pointer.
[[nodiscard]] inline MappedFile open_as(FileKind wanted, const std::filesystem::path& path) {
  MappedFile file = MappedFile::open(path);
  const FileKind kind = file_kind(file.text());
  const bool is_json = wanted == FileKind::json && kind == FileKind::text;
  const bool is_text = wanted == FileKind::text && kind != FileKind::lfs_pointer;
  if (kind != wanted && kind != FileKind::unknown && !is_json && !is_text)
    throw InputError("file_kind", concat(path.string(), ": ", detail::kind_and_remedy(kind, file.text(), path)));
  return file;
}

}  // namespace quantlens::inline QUANTLENS_ABI
