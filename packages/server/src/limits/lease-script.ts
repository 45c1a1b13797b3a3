/**
 * The rules of `shared-buckets.ts` for one bucket in Redis, which runs a script as one step: a hash of what is spent, of
 * when that was known, and of each lease as `l:<process>` → `tokens:end`. Numbers are whole, far below 2⁵³.
 */
export const leaseScript = `
local request = 60000
local process, lease_ms, per_minute, burst = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local keep, give_back, idle_ms = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local need, want, now = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
if now < 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function text(number) return string.format('%.0f', number) end

local stored = redis.call('HGETALL', KEYS[1])
local spent, from, leased, mine, last_end = 0, now, 0, 0, now
local ends, gone = {}, {}
for at = 1, #stored, 2 do
  local field, value = stored[at], stored[at + 1]
  if field == 'spent' then spent = tonumber(value)
  elseif field == 'at' then from = math.min(now, tonumber(value))
  else
    local tokens, ending = string.match(value, '(%d+):(%d+)')
    tokens, ending = tonumber(tokens), tonumber(ending)
    leased = leased + tokens
    if ending <= now then
      table.insert(ends, {ending, tokens})
      table.insert(gone, field)
    elseif field == 'l:' .. process then mine = tokens
    else last_end = math.max(last_end, ending) end
  end
end
local kept = math.min(keep, mine)
local back = math.min(give_back, mine - kept)
table.insert(ends, {now - idle_ms, mine - kept - back})
table.sort(ends, function(a, b) return a[1] < b[1] end)
for _, each in ipairs(ends) do
  spent = math.max(leased * request, spent - math.max(0, each[1] - from) * per_minute)
  from = math.max(from, each[1])
  leased = leased - each[2]
end
spent = math.max(leased * request, spent - (now - from) * per_minute) - back * request
local available = math.max(0, math.floor((burst * request - spent) / request))
local granted = math.min(want, math.max(need, math.ceil(available / 2)), available)
spent = spent + granted * request

if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
redis.call('HSET', KEYS[1], 'spent', text(spent), 'at', text(now))
if kept + granted > 0 then
  redis.call('HSET', KEYS[1], 'l:' .. process, text(kept + granted) .. ':' .. text(now + lease_ms))
  last_end = math.max(last_end, now + lease_ms)
else
  redis.call('HDEL', KEYS[1], 'l:' .. process)
end
redis.call('PEXPIRE', KEYS[1], text(math.max(last_end - now, math.ceil(spent / per_minute)) + 1))
return {kept, granted, spent}
`;

/** Notes one process in a sorted set of when each was last seen, and counts those that live. */
export const countScript = `
local now, life_ms = tonumber(ARGV[3]), tonumber(ARGV[2])
if now < 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - life_ms))
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
`;
