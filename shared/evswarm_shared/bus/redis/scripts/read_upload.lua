-- KEYS uploads, order, content base   ARGV id
-- Returns {record, content} or nothing.
local content = redis.call('GET', KEYS[3] .. ARGV[1])
local record = redis.call('HGET', KEYS[1], ARGV[1])
if content and record then return {record, content} end
return false
