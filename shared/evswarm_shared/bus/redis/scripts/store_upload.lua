-- ARGV id, record, size, content, ttl_ms, most bytes of all, most files
-- Returns how many were dropped for it.
drop(ARGV[1])
local ids, total = kept(), tonumber(ARGV[3])
local sizes = {}
for i, id in ipairs(ids) do
  sizes[i] = redis.call('STRLEN', KEYS[3] .. id)
  total = total + sizes[i]
end
local dropped = 0
for i, id in ipairs(ids) do
  if total <= tonumber(ARGV[6]) and #ids - dropped < tonumber(ARGV[7]) then break end
  drop(id)
  total, dropped = total - sizes[i], dropped + 1
end
redis.call('SET', KEYS[3] .. ARGV[1], ARGV[4], 'PX', ARGV[5])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('RPUSH', KEYS[2], ARGV[1])
return dropped
