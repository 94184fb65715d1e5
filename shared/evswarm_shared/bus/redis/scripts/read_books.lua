-- KEYS ledger base, outbox base, registers, snapshots   ARGV station_id…
-- Returns for each {{fact, …}, messages in the outbox, register or '', row or ''}.
local books = {}
for i, id in ipairs(ARGV) do
  books[i] = {
    redis.call('HVALS', KEYS[1] .. id),
    redis.call('HLEN', KEYS[2] .. id),
    redis.call('HGET', KEYS[3], id) or '',
    redis.call('HGET', KEYS[4], id) or '',
  }
end
return books
