-- KEYS results   ARGV life in seconds, a pending result, a running one, station_id…
local begun = {}
for i = 4, #ARGV do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[2] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[3])
    begun[#begun + 1] = ARGV[i]
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return begun
