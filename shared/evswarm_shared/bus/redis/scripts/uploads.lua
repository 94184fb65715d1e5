-- KEYS uploads, order, content base
local function drop(id)
  local known = redis.call('HDEL', KEYS[1], id)
  redis.call('LREM', KEYS[2], 1, id)
  redis.call('DEL', KEYS[3] .. id)
  return known
end
-- The ids whose content has not run out of time, oldest first; the others are dropped.
local function kept()
  local ids = {}
  for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
    if redis.call('EXISTS', KEYS[3] .. id) == 1 then ids[#ids + 1] = id else drop(id) end
  end
  return ids
end
