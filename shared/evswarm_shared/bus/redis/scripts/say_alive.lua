-- KEYS lease, hash of heartbeats   ARGV process_id, heartbeat, ttl_ms   Returns 1 when the process was known.
local known = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return known
