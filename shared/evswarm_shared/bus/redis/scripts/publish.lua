-- KEYS lease, owners, snapshots, registers, totals, patches channel, log base
-- ARGV epoch, entry, beginning of the PatchEvent up to its rows, log cap, then for each station:
--   station_id, row, energy_mwh, earnings_micro, number of lines, line…
-- Returns the ids refused; false without the lease.
-- Lua counts in doubles. Registers of up to 12 digits are subtracted as numbers (500 such differences stay exact),
-- longer ones are left to the 64-bit integers of HINCRBY.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end

local function larger(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end

local sums = {energy_mwh = 0, earnings_micro = 0}
local function add(field, new, old)
  if #new <= 12 then
    sums[field] = sums[field] + (tonumber(new) - tonumber(old))
  else
    redis.call('HINCRBY', KEYS[5], field, new)
    if old ~= '0' then redis.call('HINCRBY', KEYS[5], field, '-' .. old) end
  end
end

local ids, starts, last = {}, {}, #ARGV
local at = 5
while at <= last do
  ids[#ids + 1] = ARGV[at]
  starts[#starts + 1] = at
  at = at + 5 + tonumber(ARGV[at + 4])
end
if #ids == 0 then return {} end

local owners = redis.call('HMGET', KEYS[2], unpack(ids))
local registers = redis.call('HMGET', KEYS[4], unpack(ids))
local written = {}
local refused, rows, row_writes, register_writes, logged = {}, {}, {}, {}, {}
local cap = tonumber(ARGV[4])
for n, id in ipairs(ids) do
  if owners[n] ~= ARGV[2] then
    refused[#refused + 1] = id
  else
    at = starts[n]
    rows[#rows + 1] = ARGV[at + 1]
    row_writes[#row_writes + 1] = id
    row_writes[#row_writes + 1] = ARGV[at + 1]
    local energy, earnings = ARGV[at + 2], ARGV[at + 3]
    local stored = written[id] or registers[n]
    if stored ~= energy .. ' ' .. earnings then
      local old_energy, old_earnings = '0', '0'
      if stored then old_energy, old_earnings = string.match(stored, '^(%d+) (%d+)$') end
      if larger(energy, old_energy) then add('energy_mwh', energy, old_energy) else energy = old_energy end
      if larger(earnings, old_earnings) then
        add('earnings_micro', earnings, old_earnings)
      else
        earnings = old_earnings
      end
      stored = energy .. ' ' .. earnings
      written[id] = stored
      register_writes[#register_writes + 1] = id
      register_writes[#register_writes + 1] = stored
    end
    local lines = tonumber(ARGV[at + 4])
    if lines > 0 then
      local log = KEYS[7] .. id
      if redis.call('RPUSH', log, unpack(ARGV, at + 5, at + 4 + lines)) > cap then
        redis.call('LTRIM', log, -cap, -1)
      end
      logged[#logged + 1] = id
    end
  end
end
if #rows == 0 then return refused end
redis.call('HSET', KEYS[3], unpack(row_writes))
if #register_writes > 0 then redis.call('HSET', KEYS[4], unpack(register_writes)) end
for field, sum in pairs(sums) do
  if sum > 0 then redis.call('HINCRBY', KEYS[5], field, string.format('%.0f', sum)) end
end
local tail = '],"logged":' .. (#logged > 0 and cjson.encode(logged) or '[]') .. '}'
redis.call('PUBLISH', KEYS[6], ARGV[3] .. table.concat(rows, ',') .. tail)
return refused
