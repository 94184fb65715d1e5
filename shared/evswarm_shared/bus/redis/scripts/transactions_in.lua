-- KEYS set of transaction ids, transactions, meters   Returns {record, meter or '', …} of those ids.
local ids = redis.call('SMEMBERS', KEYS[1])
local found = {}
for _, id in ipairs(ids) do
  local record = redis.call('HGET', KEYS[2], id)
  if record then
    found[#found + 1] = record
    found[#found + 1] = redis.call('HGET', KEYS[3], id) or ''
  end
end
return found
