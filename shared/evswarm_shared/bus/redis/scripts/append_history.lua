-- KEYS stream, record counts, the producer's last number, the channel of those who watch it pass
-- ARGV name of the stream, entries kept, life of the producer's number in s, then for each batch:
--   its number, number of records, data
-- The number of an entry's first record is given here, in the same step as its place in the stream.
local watched = redis.call('PUBSUB', 'NUMSUB', KEYS[4])[2] > 0
local last = tonumber(redis.call('GET', KEYS[3]) or '-1')
for at = 4, #ARGV, 3 do
  local number = tonumber(ARGV[at])
  if number > last then
    last = number
    local count = tonumber(ARGV[at + 1])
    local first = redis.call('HINCRBY', KEYS[2], ARGV[1], count) - count
    local place = string.format('%.0f', first)
    local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*',
      'first', place, 'count', count, 'data', ARGV[at + 2])
    if watched then
      redis.call('PUBLISH', KEYS[4], id .. ' ' .. place .. ' ' .. ARGV[at + 1] .. '\n' .. ARGV[at + 2])
    end
  end
end
redis.call('SET', KEYS[3], string.format('%.0f', last), 'EX', ARGV[3])
return true
