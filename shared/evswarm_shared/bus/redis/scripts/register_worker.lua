-- KEYS epochs, lease, workers   ARGV worker_id, heartbeat, ttl_ms, epoch of the worker's last lease
-- A store that was emptied counts from the start: nothing of the last lease may pass for the new one.
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[4]) then redis.call('SET', KEYS[1], ARGV[4]) end
local epoch = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], epoch, 'PX', ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
return epoch
