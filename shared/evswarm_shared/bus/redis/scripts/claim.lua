-- KEYS lease, owners, checkpoints, lease base, outbox base   ARGV epoch, entry, station_id…
-- Returns {{station_id, checkpoint or nil, {sequence, message, …}}, …} of those won; false without the lease.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local ids = {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return {} end
local entries = redis.call('HMGET', KEYS[2], unpack(ids))
local won, writes = {}, {}
for i, id in ipairs(ids) do
  local entry = entries[i]
  if entry == ARGV[2] then
    won[#won + 1] = id
  elseif not living_owner(KEYS[4], entry) then
    won[#won + 1] = id
    writes[#writes + 1] = id
    writes[#writes + 1] = ARGV[2]
  end
end
if #won == 0 then return {} end
if #writes > 0 then redis.call('HSET', KEYS[2], unpack(writes)) end
local checkpoints = redis.call('HMGET', KEYS[3], unpack(won))
local stored = {}
for i, id in ipairs(won) do
  stored[i] = {id, checkpoints[i], redis.call('HGETALL', KEYS[5] .. id)}
end
return stored
