-- KEYS transactions, meters   ARGV id…   Returns {records, meters}.
local ids = {}
for i = 1, #ARGV do ids[i] = ARGV[i] end
return {redis.call('HMGET', KEYS[1], unpack(ids)), redis.call('HMGET', KEYS[2], unpack(ids))}
