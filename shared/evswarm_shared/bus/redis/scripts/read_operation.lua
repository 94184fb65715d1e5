-- KEYS operation, cancelled set   ARGV operation_id
return { redis.call('GET', KEYS[1]), redis.call('SISMEMBER', KEYS[2], ARGV[1]) }
