-- KEYS hash of heartbeats, lease base   Returns {process_id, heartbeat, lease, …}; entries without a lease are dropped.
local entries = redis.call('HGETALL', KEYS[1])
local living = {}
for i = 1, #entries, 2 do
  local lease = redis.call('GET', KEYS[2] .. entries[i])
  if lease then
    living[#living + 1] = entries[i]
    living[#living + 1] = entries[i + 1]
    living[#living + 1] = lease
  else
    redis.call('HDEL', KEYS[1], entries[i])
  end
end
return living
