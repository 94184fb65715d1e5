-- KEYS snapshots, patches channel, log base   ARGV log cap, beginning of the PatchEvent up to its ids, line, station_id…
local ids, cap = {}, tonumber(ARGV[1])
for i = 4, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return 0 end
local rows = redis.call('HMGET', KEYS[1], unpack(ids))
local logged = {}
for i, id in ipairs(ids) do
  if rows[i] then
    if redis.call('RPUSH', KEYS[3] .. id, ARGV[3]) > cap then redis.call('LTRIM', KEYS[3] .. id, -cap, -1) end
    logged[#logged + 1] = id
  end
end
if #logged > 0 then redis.call('PUBLISH', KEYS[2], ARGV[2] .. cjson.encode(logged) .. '}') end
return #logged
