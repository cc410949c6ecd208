// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace callvet::service {

/// Tells the service manager that started this process `state` ("READY=1", "STOPPING=1"; see
/// sd_notify(3)), by the socket that NOTIFY_SOCKET names. Without one, and where it cannot be
/// reached, nothing happens: nobody is served worse for it. Not thread-safe (reads the
/// environment).
void NotifyManager(std::string_view state);

}  // namespace callvet::service
