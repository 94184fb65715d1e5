-- KEYS transactions, open, meters, closed, open base of stations, all base of stations, open base of tags
-- ARGV id, record, station_id, cap of closed
-- Returns {record as stored}.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if stored and redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return {stored} end
if stored then
  local opened = cjson.decode(stored)
  redis.call('SREM', KEYS[5] .. opened.station_id, ARGV[1])
  redis.call('SREM', KEYS[7] .. string.lower(opened.id_tag), ARGV[1])
  if opened.station_id ~= ARGV[3] then redis.call('ZREM', KEYS[6] .. opened.station_id, ARGV[1]) end
end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[4], ARGV[1], ARGV[1])
redis.call('ZADD', KEYS[6] .. ARGV[3], ARGV[1], ARGV[1])
local excess = redis.call('ZCARD', KEYS[4]) - tonumber(ARGV[4])
if excess > 0 then
  local dropped = redis.call('ZPOPMIN', KEYS[4], excess)
  for i = 1, #dropped, 2 do
    local record = redis.call('HGET', KEYS[1], dropped[i])
    if record then
      redis.call('ZREM', KEYS[6] .. cjson.decode(record).station_id, dropped[i])
      redis.call('HDEL', KEYS[1], dropped[i])
    end
  end
end
return {ARGV[2]}
