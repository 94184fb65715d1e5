-- KEYS open, meters   ARGV (transaction id, Wh)…
local ids = {}
for i = 1, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return 0 end
local open = redis.call('HMGET', KEYS[1], unpack(ids))
local writes = {}
for i = 1, #ids do
  if open[i] then
    writes[#writes + 1] = ids[i]
    writes[#writes + 1] = ARGV[2 * i]
  end
end
if #writes > 0 then redis.call('HSET', KEYS[2], unpack(writes)) end
return #writes / 2
