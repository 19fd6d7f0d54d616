-- Distinct requests for /rates: the numbering of requests.rs, one share for each thread.
-- There is deliberately no response(): with one, wrk passes every response to Lua and becomes the bottleneck.
-- wrk itself counts statuses above 399, and done() reports them.
-- Arguments: file of routes, file of days, starts, shortest, size, stride, first, threads.

local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

local routes, days, starts, shortest, size, stride, number, step, head, tail

local function lines(file)
  local all = {}
  for line in io.lines(file) do
    all[#all + 1] = line
  end
  return all
end

function init(args)
  routes, days = lines(args[1]), lines(args[2])
  starts, shortest = tonumber(args[3]), tonumber(args[4])
  size, stride = tonumber(args[5]), tonumber(args[6])
  number, step = tonumber(args[7]) + id, tonumber(args[8])
  head = "GET /rates?date_from="
  tail = " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\n\r\n"
  sent = 0
end

function request()
  local at = (number * stride) % size
  number = number + step
  sent = sent + 1
  local route = at % #routes
  local rest = (at - route) / #routes
  local start = rest % starts
  local length = shortest + (rest - start) / starts
  return head .. days[start + 1] .. "&date_to=" .. days[start + length] .. routes[route + 1] .. tail
end

function done(summary, latency, requests)
  local most = 0
  for _, thread in ipairs(threads) do
    most = math.max(most, thread:get("sent"))
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"max":%d,"max_sent":%d,"not_ok":%d,"broken":%d,"how":"%d not made, %d cut off, %d not answered in 2 s"}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max, most,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    errors.connect, errors.read + errors.write, errors.timeout))
end
