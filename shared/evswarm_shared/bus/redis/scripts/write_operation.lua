-- KEYS index, running set, cancelled set, operation base, results base
-- ARGV operation_id, operation, '1' while it runs, created at, life in seconds, operations kept
local id, key = ARGV[1], KEYS[4] .. ARGV[1]
local stored = redis.call('GET', key)
if stored and redis.call('SISMEMBER', KEYS[2], id) == 0 then return stored == ARGV[2] and 1 or 0 end
redis.call('SET', key, ARGV[2], 'EX', ARGV[5])
redis.call('ZADD', KEYS[1], ARGV[4], id)
if ARGV[3] == '1' then
  redis.call('SADD', KEYS[2], id)
else
  redis.call('SREM', KEYS[2], id)
  redis.call('SREM', KEYS[3], id)
end
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[6])
if over > 0 then
  for _, old in ipairs(redis.call('ZRANGE', KEYS[1], 0, over - 1)) do
    if redis.call('SISMEMBER', KEYS[2], old) == 0 then redis.call('DEL', KEYS[4] .. old, KEYS[5] .. old) end
    redis.call('ZREM', KEYS[1], old)
  end
end
return 1
