-- KEYS lease, workers   ARGV worker_id, epoch
-- Ownership needs no clearing: an entry that names an ended lease owns nothing.
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
