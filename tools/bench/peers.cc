// SPDX-License-Identifier: MIT
#include "peers.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/base64url.h"

#if defined(CALLVET_HAS_LIBJWT)
#include <jwt.h>
#endif
#if defined(CALLVET_HAS_LIBSECSIPID)
#include <libsecsipid.h>
#endif

namespace callvet {
namespace {

// A good one must pass, and one with another signature not: else it is not verifying that is
// measured.
[[maybe_unused]] Peer Tried(Peer peer, const std::function<bool()>& spoilt) {
  if (!peer.once()) {
    peer.skipped = "it refuses the token";
  } else if (spoilt()) {
    peer.skipped = "it does not refuse a bad signature or signer";
  }
  return peer;
}

[[maybe_unused]] std::string Spoilt(std::string text, size_t at) {
  text[at] = text[at] == 'A' ? 'B' : 'A';
  return text;
}

#if defined(CALLVET_HAS_LIBJWT)
bool ByLibJwt(const std::string& token, const std::string& pem) {
  jwt_t* jwt = nullptr;
  const int result =
      jwt_decode(&jwt, token.c_str(), reinterpret_cast<const unsigned char*>(pem.data()),
                 static_cast<int>(pem.size()));
  jwt_free(jwt);
  return result == 0;
}

// It refuses every typ but JWT: the same claims under such a header.
Peer LibJwt(const PeerToken& token) {
  const size_t first = token.identity.find('.');
  const size_t second = token.identity.find('.', first + 1);
  const std::string input =
      EncodeBase64Url(R"({"alg":"ES256","ppt":"shaken","typ":"JWT","x5u":")" + token.x5u + "\"}") +
      token.identity.substr(first, second - first);
  const std::string jwt = input + "." + EncodeBase64Url(token.key.SignEs256(input));
  const std::string bad = Spoilt(jwt, jwt.size() - 20);
  const std::string& pem = token.public_pem;
  return Tried({"libjwt (signature only)", "", [jwt, pem] { return ByLibJwt(jwt, pem); }},
               [&] { return ByLibJwt(bad, pem); });
}
#endif

#if defined(CALLVET_HAS_LIBSECSIPID)
constexpr int kNeverExpires = 1'000'000'000;

// An option of the whole process, so each call sets what it needs: 5 is validity and the own CA.
void SetChecks(int checks) {
  std::string name = "CertVerify";
  (void)SecSIPIDOptSetN(name.data(), checks);
}

bool BySecsipid(std::string identity, std::string pem) {
  SetChecks(0);
  return SecSIPIDCheckFullPubKey(identity.data(), static_cast<int>(identity.size()), kNeverExpires,
                                 pem.data(), static_cast<int>(pem.size())) == 0;
}

bool BySecsipidWithChain(std::string identity) {
  SetChecks(5);
  std::string from_info;  // the URL is that of the token
  return SecSIPIDCheckFull(identity.data(), static_cast<int>(identity.size()), kNeverExpires,
                           from_info.data(), 5) == 0;
}

void SetCa(const std::filesystem::path& file) {
  std::string option = "CertCAFile=" + file.string();
  (void)SecSIPIDOptSetV(option.data());
}

Peer Secsipid(const PeerToken& token) {
  const std::string bad = Spoilt(token.identity, token.identity.find(';') - 20);
  return Tried(
      {"libsecsipid (no chain)", "",
       [identity = token.identity, pem = token.public_pem] { return BySecsipid(identity, pem); }},
      [&] { return BySecsipid(bad, token.public_pem); });
}

// A folder of a peer's own, as long as it is measured.
class Folder {
 public:
  Folder() { std::filesystem::create_directories(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path Write(const std::string& name,
                                            const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("callvet-peers-" + std::to_string(::getpid()));
};

// Its file cache has the certificate, as after a download; validity and chain are checked.
Peer SecsipidWithChain(const PeerToken& token) {
  auto folder = std::make_shared<Folder>();
  std::string name = token.x5u;
  name.replace(name.find("://"), 3, "_");
  for (char& c : name) {
    if (c == '/') c = '_';
  }
  (void)folder->Write(name, token.leaf_pem);
  const auto stranger = folder->Write("stranger.pem", test::IssueRoot("/CN=Stranger").pem);
  const auto ca = folder->Write("ca.pem", token.ca_pem);
  std::string directory = folder->path().string();
  (void)SecSIPIDSetFileCacheOptions(directory.data(), 86400);
  SetCa(ca);
  return Tried({"libsecsipid (with chain)", "",
                [folder, identity = token.identity] { return BySecsipidWithChain(identity); }},
               [&] {
                 SetCa(stranger);
                 const bool passes = BySecsipidWithChain(token.identity);
                 SetCa(ca);
                 return passes;
               });
}
#endif

}  // namespace

std::vector<Peer> PeersFor([[maybe_unused]] const PeerToken& token) {
  std::vector<Peer> peers;
#if defined(CALLVET_HAS_LIBSECSIPID)
  peers.push_back(Secsipid(token));
  peers.push_back(SecsipidWithChain(token));
#else
  peers.push_back({"libsecsipid", "libsecsipid-dev was not installed at the build", {}});
#endif
#if defined(CALLVET_HAS_LIBJWT)
  peers.push_back(LibJwt(token));
#else
  peers.push_back({"libjwt", "libjwt-dev was not installed at the build", {}});
#endif
  return peers;
}

}  // namespace callvet
