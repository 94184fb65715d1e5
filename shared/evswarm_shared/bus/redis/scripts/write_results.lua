-- KEYS results   ARGV life in seconds, a pending result, a running one, (station_id, result)…
for i = 4, #ARGV, 2 do
  local stored = redis.call('HGET', KEYS[1], ARGV[i])
  if stored == ARGV[2] or stored == ARGV[3] then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
