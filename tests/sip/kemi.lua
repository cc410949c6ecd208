-- SPDX-License-Identifier: MIT
-- NEXT_HOP stands in for the address of the test's callee.
function ksr_request_route()
  if KSR.is_OPTIONS() then KSR.sl.sl_send_reply(200, "OK") return 1 end
  if KSR.is_CANCEL() then
    if KSR.tm.t_check_trans() > 0 then KSR.tm.t_relay() end
    return 1
  end
  if KSR.tmx.t_precheck_trans() > 0 then KSR.tm.t_check_trans() return 1 end
  if KSR.tm.t_check_trans() == 0 then return 1 end
  if KSR.is_ACK() then return 1 end
  KSR.hdr.remove("Route")
  -- 0: it waits, and goes on in verified.
  if KSR.callvet.check_async("verified") == 0 then return 1 end
  verified()
  return 1
end

function verified()
  KSR.hdr.append_to_reply("X-Callvet: " .. KSR.pv.gete("$callvet(reason)") .. "\r\n")
  KSR.tm.t_on_reply("show")
  local applied = KSR.callvet.apply()
  if applied == -4 then KSR.sl.send_reply(500, "Server Internal Error") end
  if applied < 0 then return 1 end
  KSR.pv.sets("$du", "NEXT_HOP")
  KSR.tm.t_relay()
  return 1
end

function show()
  KSR.hdr.append("X-Callvet: " .. KSR.pv.gete("$callvet(reason)") .. "\r\n")
  return 1
end
