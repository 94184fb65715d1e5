-- KEYS leader, assignments, changes channel
-- ARGV 'controller_id epoch', hint, number written, (worker_id, assignment)…, removed worker_id…
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local first_removed = 4 + 2 * tonumber(ARGV[3])
for i = 4, first_removed - 1, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
for i = first_removed, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
redis.call('PUBLISH', KEYS[3], ARGV[2])
return 1
