-- KEYS lease, workers, assignments, tariff   ARGV worker_id, epoch, heartbeat, ttl_ms
-- Returns {assignment, tariff}; false when nobody holds the lease, 0 when another epoch does.
local held = redis.call('GET', KEYS[1])
if held ~= ARGV[2] then return held and 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return {redis.call('HGET', KEYS[3], ARGV[1]), redis.call('GET', KEYS[4])}
