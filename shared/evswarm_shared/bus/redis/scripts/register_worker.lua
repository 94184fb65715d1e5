-- KEYS epochs, lease, workers   ARGV worker_id, heartbeat, ttl_ms
local epoch = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], epoch, 'PX', ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
return epoch
