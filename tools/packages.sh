# SPDX-License-Identifier: MIT
# Sourced by the scripts of this folder: the Debian 12 packages that callvet needs, and how they are
# installed. Needs root only when something is missing.

CALLVET_BUILD_PACKAGES=(
  g++ cmake ninja-build ccache pkg-config
  libssl-dev libcurl4-openssl-dev nlohmann-json3-dev libexpected-dev libcli11-dev
  libcpp-httplib-dev libspdlog-dev libsqlite3-dev libpq-dev libhiredis-dev
)
CALLVET_TEST_PACKAGES=(
  libgtest-dev libgmock-dev python3 python3-cryptography openssl
  clang-tidy clang-format curl chromium chromium-driver postgresql redis-server
  # The Kamailio module and its tests; dpkg-dev for the source of Kamailio's headers (tools/kamailio/headers).
  kamailio kamailio-utils-modules kamailio-json-modules kamailio-lua-modules kamailio-tls-modules
  kamailio-secsipid-modules sip-tester dpkg-dev binutils make
)
# libFuzzer is in clang's run-time library (libclang-rt).
CALLVET_FUZZ_PACKAGES=(clang libclang-rt-dev)
# tools/coverage.
CALLVET_COVERAGE_PACKAGES=(gcovr)
CALLVET_DECISIONS_PACKAGES=(clang libclang-rt-dev llvm binutils)
# tools/package: builds Debian packages and tries them in a chroot.
CALLVET_PACKAGE_PACKAGES=(
  debhelper dpkg-dev fakeroot lintian systemd python3 binutils make kamailio debootstrap strace iproute2
)

# install_packages NAME...: installs those that are missing; does nothing, quickly, if none is.
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  echo "Installing: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing and installing them needs root: ${missing[*]}" >&2
    return 1
  fi
  local log
  log=$(mktemp)
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
         "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    echo "Installing the packages failed." >&2
    return 1
  fi
  rm -f "$log"
}
