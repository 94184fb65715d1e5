-- KEYS wishes, reports   ARGV station_id, wishes or ''
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1
