-- KEYS hash…   ARGV field
-- Returns how many of the hashes had it.
local gone = 0
for _, hash in ipairs(KEYS) do gone = gone + redis.call('HDEL', hash, ARGV[1]) end
return gone
