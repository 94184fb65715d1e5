-- KEYS stream, record counts
-- ARGV name of the stream, the group, then the ids of entries, oldest first
-- Notes up to which record they go: a database that begins later knows what there was before it.
local newest = redis.call('XRANGE', KEYS[1], ARGV[#ARGV], ARGV[#ARGV])[1]
if newest then
  local fields = {}
  for at = 1, #newest[2], 2 do
    fields[newest[2][at]] = newest[2][at + 1]
  end
  local field = ARGV[1] .. ':removed'
  local up_to = tonumber(fields['first']) + tonumber(fields['count'])
  if up_to > tonumber(redis.call('HGET', KEYS[2], field) or '0') then
    redis.call('HSET', KEYS[2], field, string.format('%.0f', up_to))
  end
end
for at = 3, #ARGV do
  redis.call('XACK', KEYS[1], ARGV[2], ARGV[at])
  redis.call('XDEL', KEYS[1], ARGV[at])
end
return true
