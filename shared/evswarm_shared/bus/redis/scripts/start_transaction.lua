-- KEYS retry, last id, transactions, open, meters, open of station, all of station, open of tag
-- ARGV beginning of the record up to its id, the rest of it, station_id, retry ttl_s, highest id known outside, where
--   to go on when that is higher than the last id here
-- Returns {1, record} or {0, record found, meter or nil}.
local earlier = redis.call('GET', KEYS[1])
if earlier then
  local record = redis.call('HGET', KEYS[3], earlier)
  if record then return {0, record, redis.call('HGET', KEYS[5], earlier)} end
end
if tonumber(redis.call('GET', KEYS[2]) or '0') < tonumber(ARGV[5]) then redis.call('SET', KEYS[2], ARGV[6]) end
local id
repeat id = string.format('%.0f', redis.call('INCR', KEYS[2])) until redis.call('HEXISTS', KEYS[3], id) == 0
local record = ARGV[1] .. id .. ARGV[2]
redis.call('SET', KEYS[1], id, 'EX', ARGV[4])
redis.call('HSET', KEYS[3], id, record)
redis.call('HSET', KEYS[4], id, ARGV[3])
redis.call('SADD', KEYS[6], id)
redis.call('ZADD', KEYS[7], id, id)
redis.call('SADD', KEYS[8], id)
return {1, record}
