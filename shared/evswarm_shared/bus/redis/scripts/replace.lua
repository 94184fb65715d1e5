-- KEYS string, changes channel   ARGV value it must have ('' for none), new value, hint   Returns 1 when replaced.
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[2], ARGV[3])
return 1
