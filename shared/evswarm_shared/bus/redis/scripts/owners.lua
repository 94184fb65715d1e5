-- KEYS owners, lease base   Returns {station_id, worker_id, …} of owners whose lease is valid.
local entries = redis.call('HGETALL', KEYS[1])
local living = {}
for i = 1, #entries, 2 do
  local owner = living_owner(KEYS[2], entries[i + 1])
  if owner then
    living[#living + 1] = entries[i]
    living[#living + 1] = owner
  end
end
return living
