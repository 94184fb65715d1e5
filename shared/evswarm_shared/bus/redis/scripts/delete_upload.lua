-- ARGV id
local there = redis.call('EXISTS', KEYS[3] .. ARGV[1])
drop(ARGV[1])
return there
