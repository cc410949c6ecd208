-- SPDX-License-Identifier: MIT
-- FreeSWITCH asks `callvet serve` about each call: needs mod_curl and mod_lua. In the dialplan of the profile, first of all:
--   <action application="lua" data="callvet.lua"/>
-- and in the SIP profile <param name="parse-all-invite-headers" value="true"/>, so that sip_i_identity is there.
--
-- What is sent (tests/sip/recipes_test.py runs this script):
-- request: {"from":"$sip_full_from","to":"$sip_full_to","request_uri":"$sip_req_uri","identity":["$sip_i_identity"],"p_asserted_identity":["$sip_i_p_asserted_identity"],"resource_priority":["$sip_i_resource_priority"],"priority":"$sip_i_priority","date":"$sip_i_date","trunk":"$sip_received_ip","call_id":"$sip_call_id"}
-- What is read of the answer:
-- answer: verstat reason disposition/action disposition/sip/code disposition/sip/phrase disposition/strip_headers disposition/verstat

local json = freeswitch.JSON()
local function value(name)
  local text = session:getVariable(name)
  if text == "" then return nil end
  return text
end
-- All headers of a kind: several are in one variable, "ARRAY::first|:second".
local function list(name)
  local text = value(name)
  if text == nil then return nil end
  if text:sub(1, 7) ~= "ARRAY::" then return { text } end
  local values = {}
  for part in (text:sub(8) .. "|:"):gmatch("(.-)|:") do values[#values + 1] = part end
  return values
end

-- Two are as good as none.
local function single(name)
  local values = list(name)
  if values == nil or #values ~= 1 then return nil end
  return values[1]
end

-- A call that plainly goes to help, for which nothing is refused: nothing but the number, since with other parameters (rn,
-- phone-context) it may be another one's. Leave the numbers of your country.
local EMERGENCY = { ["000"] = true, ["110"] = true, ["112"] = true, ["119"] = true, ["120"] = true, ["122"] = true,
                    ["911"] = true, ["999"] = true }
local HARMLESS = { ["user=phone"] = true, lr = true, ob = true }
local function harmless(parameters)
  for parameter in parameters:lower():gmatch(";([^;]*)") do
    if not HARMLESS[parameter] and not parameter:match("^transport=[%w-]+$") then return false end
  end
  return parameters == "" or parameters:sub(1, 1) == ";"
end
local function emergency(target)
  if target == nil then return false end
  local called, parameters = target:match("^(%d+)@[%w.:%[%]-]+(.*)$")
  return called ~= nil and EMERGENCY[called] == true and harmless(parameters)
end

-- The number in an identity, without its parameters.
local function number(identity)
  return identity:gsub("\\.", ""):gsub('"[^"]*"', ""):match("%a+:([^;@>:]*)")
end

-- mod_sofia hands on headers that begin with P- or X-, and takes the caller of P-Preferred-Identity or Remote-Party-ID
-- where they came, though nobody judged these: then the bridged leg shows the one that was judged.
local function strip(disposition)
  local judged = disposition.verstat and disposition.verstat.identities[1] or value("sip_full_from") or ""
  for _, name in ipairs(disposition.strip_headers) do
    session:execute("unset", "sip_h_" .. name)
    local shows_caller = name == "P-Preferred-Identity" or name == "Remote-Party-ID"
    if shows_caller and value("sip_i_" .. name:lower():gsub("-", "_")) then
      session:setVariable("effective_caller_id_number", number(judged) or "anonymous")
      session:setVariable("effective_caller_id_name", number(judged) or "anonymous")
    end
  end
end

local target = value("sip_req_uri")
local question = json:encode({
  from = value("sip_full_from"), to = value("sip_full_to"), request_uri = target and "sip:" .. target,
  identity = list("sip_i_identity"), p_asserted_identity = list("sip_i_p_asserted_identity"), date = value("sip_i_date"),
  resource_priority = list("sip_i_resource_priority"), priority = single("sip_i_priority"),
  trunk = value("sip_received_ip"), call_id = value("sip_call_id"),
})
-- The words of an application are expanded (${...}), then divided at blanks with quotes and backslashes read, and
-- mod_curl percent-decodes the body: all but letters and digits is encoded, or a caller could write into the question.
local body = question:gsub("[^%w]", function(c) return string.format("%%%02X", c:byte()) end)
session:execute("curl", "http://127.0.0.1:8080/v1/calls content-type application/json connect-timeout 1 timeout 3 post " .. body)
local answer = nil
if session:getVariable("curl_response_code") == "200" then
  answer = json:decode(session:getVariable("curl_response_data"))
end
if (answer == nil or answer.disposition == nil) and emergency(target) then
  -- Without a verdict, and without what the caller says of itself.
  for _, name in ipairs({ "Attestation-Info", "Origination-Id", "P-Attestation-Indicator", "P-Origination-ID" }) do
    session:execute("unset", "sip_h_" .. name)
  end
  session:setVariable("sip_h_X-Verstat", "No-TN-Validation")
elseif answer == nil or answer.disposition == nil then
  -- No answer is no verdict: closed here.
  session:execute("respond", "436 Bad Identity Info")
  session:hangup()
elseif answer.disposition.action == "pass" or answer.disposition.action == "tag" then
  strip(answer.disposition)
  session:setVariable("sip_h_X-Verstat", answer.verstat)
  session:setVariable("callvet_reason", answer.reason)
else
  session:execute("respond", math.floor(answer.disposition.sip.code) .. " " .. answer.disposition.sip.phrase)
  session:hangup()
end
