-- KEYS lease, owners, checkpoints, outbox base, ledger base
-- ARGV epoch, entry, then for each station:
--   station_id, '1' or '0', checkpoint or '', number added, (sequence, message)…, number removed, sequence…,
--   number of facts, (ledger field, fact)…, number of outdated ledger fields, field…
-- Returns the ids refused; false without the lease.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local refused = {}
local at, last = 3, #ARGV
while at <= last do
  local id, has_checkpoint, checkpoint = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local added_from = at + 4
  local added = 2 * tonumber(ARGV[at + 3])
  local removed_from = added_from + added + 1
  local removed = tonumber(ARGV[removed_from - 1])
  local facts_from = removed_from + removed + 1
  local facts = 2 * tonumber(ARGV[facts_from - 1])
  local outdated_from = facts_from + facts + 1
  local outdated = tonumber(ARGV[outdated_from - 1])
  if redis.call('HGET', KEYS[2], id) == ARGV[2] then
    if has_checkpoint == '1' then redis.call('HSET', KEYS[3], id, checkpoint) end
    for i = added_from, added_from + added - 1, 2 do
      redis.call('HSET', KEYS[4] .. id, ARGV[i], ARGV[i + 1])
    end
    for i = removed_from, removed_from + removed - 1 do
      redis.call('HDEL', KEYS[4] .. id, ARGV[i])
    end
    for i = facts_from, facts_from + facts - 1, 2 do
      redis.call('HSET', KEYS[5] .. id, ARGV[i], ARGV[i + 1])
    end
    if outdated > 0 then
      redis.call('HDEL', KEYS[5] .. id, unpack(ARGV, outdated_from, outdated_from + outdated - 1))
    end
  else
    refused[#refused + 1] = id
  end
  at = outdated_from + outdated
end
return refused
