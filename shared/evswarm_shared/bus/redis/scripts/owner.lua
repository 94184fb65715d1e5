-- Shared: who owns a station. An entry reads 'process epoch' and is worth as much as the lease it names.
local seen = {}

local function living_owner(lease_base, entry)
  if not entry then return false end
  local answer = seen[entry]
  if answer == nil then
    local process, epoch = string.match(entry, '^(.*) (%d+)$')
    answer = process ~= nil and redis.call('GET', lease_base .. process) == epoch and process or false
    seen[entry] = answer
  end
  return answer
end
