-- Returns the records, oldest first.
local records = {}
for i, id in ipairs(kept()) do records[i] = redis.call('HGET', KEYS[1], id) end
return records
