-- SPDX-License-Identifier: MIT
-- FreeSWITCH asks `callvet serve` about each call: needs mod_curl and mod_lua. In the dialplan of the profile, first of all:
--   <action application="lua" data="callvet.lua"/>
-- and in the SIP profile <param name="parse-all-invite-headers" value="true"/>, so that sip_h_Identity is there.
--
-- What is sent (tests/sip/recipes_test.py sends it, too):
-- request: {"from":"$sip_full_from","to":"$sip_full_to","request_uri":"$sip_req_uri","identity":["$sip_h_Identity"],"p_asserted_identity":["$sip_P-Asserted-Identity"],"date":"$sip_h_Date","trunk":"$sip_received_ip","call_id":"$sip_call_id"}
-- What is read of the answer:
-- answer: verstat reason disposition/action disposition/sip/code disposition/sip/phrase

local json = freeswitch.JSON()
local function value(name)
  local text = session:getVariable(name)
  if text == "" then return nil end
  return text
end
local function list(name)
  local text = value(name)
  return text and { text } or nil
end

local question = json:encode({
  from = value("sip_full_from"), to = value("sip_full_to"), request_uri = "sip:" .. (value("sip_req_uri") or ""),
  identity = list("sip_h_Identity"), p_asserted_identity = list("sip_P-Asserted-Identity"), date = value("sip_h_Date"),
  trunk = value("sip_received_ip"), call_id = value("sip_call_id"),
})
-- The body goes through a variable, not through the command line, where callers' spaces would divide it.
session:setVariable("curl_post_data", question)
session:execute("curl", "http://127.0.0.1:8080/v1/calls content-type application/json connect-timeout 1 timeout 3 post ${curl_post_data}")
local answer = nil
if session:getVariable("curl_response_code") == "200" then
  answer = json:decode(session:getVariable("curl_response_data"))
end
if answer == nil or answer.disposition == nil then
  -- No answer is no verdict: closed here.
  session:execute("respond", "436 Bad Identity Info")
  session:hangup()
elseif answer.disposition.action == "reject" then
  session:execute("respond", math.floor(answer.disposition.sip.code) .. " " .. answer.disposition.sip.phrase)
  session:hangup()
else
  session:setVariable("sip_h_X-Verstat", answer.verstat)
  session:setVariable("callvet_reason", answer.reason)
end
