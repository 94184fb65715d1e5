-- KEYS open, meters   ARGV (station_id, transaction id, Wh)…
-- Returns how many of them name a transaction that another station has open.
local ids = {}
for i = 2, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return 0 end
local open = redis.call('HMGET', KEYS[1], unpack(ids))
local writes, foreign = {}, 0
for i = 1, #ids do
  if open[i] == ARGV[3 * i - 2] then
    writes[#writes + 1] = ids[i]
    writes[#writes + 1] = ARGV[3 * i]
  elseif open[i] then
    foreign = foreign + 1
  end
end
if #writes > 0 then redis.call('HSET', KEYS[2], unpack(writes)) end
return foreign
