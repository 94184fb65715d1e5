-- KEYS results   ARGV life in seconds, a pending result, station_id…
for i = 3, #ARGV do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
