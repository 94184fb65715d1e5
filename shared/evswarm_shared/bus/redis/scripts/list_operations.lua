-- KEYS index, running set, cancelled set, operation base   ARGV most of the newest, '1' for all that run besides
local found, seen = {}, {}
local function add(id)
  if seen[id] then return true end
  seen[id] = true
  local stored = redis.call('GET', KEYS[4] .. id)
  if not stored then return false end
  found[#found + 1] = stored
  found[#found + 1] = redis.call('SISMEMBER', KEYS[3], id)
  return true
end
local limit = tonumber(ARGV[1])
if limit > 0 then
  for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, limit - 1)) do
    if not add(id) then redis.call('ZREM', KEYS[1], id) end
  end
end
if ARGV[2] == '1' then
  for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    if not add(id) then
      redis.call('SREM', KEYS[2], id)
      redis.call('SREM', KEYS[3], id)
    end
  end
end
return found
