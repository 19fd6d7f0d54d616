-- Prints the summary of a run as one line of JSON. Alone it repeats the request for wrk's URL.
-- There is deliberately no response(): with one, wrk passes every response to Lua and becomes the bottleneck.
-- wrk itself counts statuses above 399, and done() reports them.

local threads = {}

function setup(thread)
  thread:set("id", #threads)
  thread:set("sent", 0)
  table.insert(threads, thread)
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
