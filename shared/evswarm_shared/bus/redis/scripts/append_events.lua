-- KEYS event base   ARGV cap, ttl_s, station_id, event, station_id, event…
local cap = tonumber(ARGV[1])
for i = 3, #ARGV, 2 do
  local key = KEYS[1] .. ARGV[i]
  if redis.call('RPUSH', key, ARGV[i + 1]) > cap then redis.call('LTRIM', key, -cap, -1) end
  redis.call('EXPIRE', key, ARGV[2])
end
return 1
