-- KEYS last id, transactions, open, open base of stations, all base of stations, open base of tags
-- ARGV (id, record, station_id, id tag in lower case)…   Returns how many the store did not know.
local restored = 0
for i = 1, #ARGV, 4 do
  local id, station_id = ARGV[i], ARGV[i + 2]
  if redis.call('HSETNX', KEYS[2], id, ARGV[i + 1]) == 1 then
    restored = restored + 1
    redis.call('HSET', KEYS[3], id, station_id)
    redis.call('SADD', KEYS[4] .. station_id, id)
    redis.call('ZADD', KEYS[5] .. station_id, id, id)
    redis.call('SADD', KEYS[6] .. ARGV[i + 3], id)
    if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(id) then redis.call('SET', KEYS[1], id) end
  end
end
return restored
