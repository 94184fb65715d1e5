-- KEYS owners   ARGV entry, station_id…
local ids = {}
for i = 2, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return 0 end
local entries = redis.call('HMGET', KEYS[1], unpack(ids))
local ours = {}
for i, id in ipairs(ids) do
  if entries[i] == ARGV[1] then ours[#ours + 1] = id end
end
if #ours > 0 then redis.call('HDEL', KEYS[1], unpack(ours)) end
return #ours
