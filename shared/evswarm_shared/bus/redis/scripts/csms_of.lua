-- KEYS connections, csms lease base   ARGV station_id
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry then return false end
local replica = string.match(entry, '^(.*) %d+$')
if redis.call('EXISTS', KEYS[2] .. replica) == 0 then return false end
return replica
