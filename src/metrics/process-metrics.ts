import { collectDefaultMetrics, Registry } from 'prom-client';

/** Never, as far as a timer goes: once a day. In milliseconds. */
const NEVER = 86_400_000;

/**
 * What the library offers and Berth does not publish. The percentiles of the event loop's delay need a timer that fires a
 * hundred times a second, which costs an idle process half a per cent of a core; and the histogram of garbage collection
 * takes note of one collection where several are reported at once.
 */
const LEFT_OUT = /^nodejs_eventloop_lag_(?:min|max|mean|stddev|p50|p90|p99)_seconds$|^nodejs_gc_duration_seconds$/;

let registry: Registry | undefined;

/**
 * The process in Prometheus' text format: CPU, memory, file descriptors, what keeps the event loop busy. One for all servers
 * of a process, begun by the first scrape, so that nobody pays for what nobody reads.
 */
export async function renderProcess(): Promise<string> {
  registry ??= begin();
  return registry.metrics();
}

function begin(): Registry {
  const begun = new Registry();
  collectDefaultMetrics({ register: begun, eventLoopMonitoringPrecision: NEVER });
  for (const { name } of begun.getMetricsAsArray()) if (LEFT_OUT.test(name)) begun.removeSingleMetric(name);
  return begun;
}
