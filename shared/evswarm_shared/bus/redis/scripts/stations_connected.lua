-- KEYS epochs, connections, csms lease base   ARGV replica_id, '1' to leave existing records, station_id…
-- Returns {epoch, other replica or '', …}, one pair a station.
local ids = {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return {} end
local entries = redis.call('HMGET', KEYS[2], unpack(ids))
local answers = {}
for i, id in ipairs(ids) do
  local holder, held_epoch
  if entries[i] then
    holder, held_epoch = string.match(entries[i], '^(.*) (%d+)$')
    if holder ~= ARGV[1] and redis.call('EXISTS', KEYS[3] .. holder) == 0 then holder = nil end
  end
  if ARGV[2] == '1' and holder == ARGV[1] then
    answers[#answers + 1] = tonumber(held_epoch)
    answers[#answers + 1] = ''
  elseif ARGV[2] == '1' and holder then
    answers[#answers + 1] = 0
    answers[#answers + 1] = holder
  else
    local epoch = redis.call('INCR', KEYS[1])
    redis.call('HSET', KEYS[2], id, ARGV[1] .. ' ' .. string.format('%.0f', epoch))
    answers[#answers + 1] = epoch
    answers[#answers + 1] = holder and holder ~= ARGV[1] and holder or ''
  end
end
return answers
