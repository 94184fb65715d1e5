-- KEYS desired, changes channel   ARGV encoded state, generation it replaces, hint
-- Returns 1 when it is stored (now, or by an earlier call with the same bytes), else 0.
local stored = redis.call('GET', KEYS[1])
if stored == ARGV[1] then return 1 end
local generation = 0
if stored then generation = cjson.decode(stored).generation or 0 end
if generation ~= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PUBLISH', KEYS[2], ARGV[3])
return 1
