-- KEYS csms lease, replicas, connections   ARGV replica_id
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[1])
local entries = redis.call('HGETALL', KEYS[3])
for i = 1, #entries, 2 do
  if string.match(entries[i + 1], '^(.*) %d+$') == ARGV[1] then redis.call('HDEL', KEYS[3], entries[i]) end
end
return 1
