-- KEYS owners, snapshots, patches channel, lease base, log base
-- ARGV beginning of the PatchEvent up to its ids, station_id…
-- Returns the ids that nobody owns; they have no row now.
local ids = {}
for i = 2, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return {} end
local entries = redis.call('HMGET', KEYS[1], unpack(ids))
local free, deleted = {}, {}
for i, id in ipairs(ids) do
  if not living_owner(KEYS[4], entries[i]) then
    free[#free + 1] = id
    if entries[i] then redis.call('HDEL', KEYS[1], id) end
    if redis.call('HDEL', KEYS[2], id) == 1 then deleted[#deleted + 1] = id end
    redis.call('DEL', KEYS[5] .. id)
  end
end
if #deleted > 0 then redis.call('PUBLISH', KEYS[3], ARGV[1] .. cjson.encode(deleted) .. '}') end
return free
