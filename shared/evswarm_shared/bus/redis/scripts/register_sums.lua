-- KEYS totals, registers, snapshots
-- Returns {{energy_mwh or '', earnings_micro or ''}, {station_id, register, …}, {station_id with a row, …}}.
return {
  {redis.call('HGET', KEYS[1], 'energy_mwh') or '', redis.call('HGET', KEYS[1], 'earnings_micro') or ''},
  redis.call('HGETALL', KEYS[2]),
  redis.call('HKEYS', KEYS[3]),
}
