-- KEYS leader, epochs   ARGV controller_id, ttl_ms   Returns the new epoch; false while another leads.
local leader = redis.call('GET', KEYS[1])
if leader and string.match(leader, '^(.*) %d+$') ~= ARGV[1] then return false end
local epoch = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. string.format('%.0f', epoch), 'PX', ARGV[2])
return epoch
