-- Distinct requests for /rates: the numbering of requests.rs, one share for each thread.
-- Arguments: file of routes, file of days, starts, shortest, size, stride, first, threads.

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
