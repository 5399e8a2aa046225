import { Counter, Gauge, Registry } from 'prom-client';
import { FAMILIES, type Family, type Sample, type Samples } from './families.ts';

/**
 * These samples in Prometheus' text format. The registry lives for one scrape, so no figure outlives what it was read from,
 * and scrapes at the same time do not meet.
 */
export async function render(samples: Samples): Promise<string> {
  const registry = new Registry();
  for (const [name, family] of Object.entries<Family>(FAMILIES)) {
    const ofFamily = (samples as Readonly<Record<string, readonly Sample[]>>)[name] ?? [];
    if (ofFamily.length > 0) add(registry, name, family, ofFamily);
  }
  return registry.metrics();
}

function add(registry: Registry, name: string, { type, help, labels }: Family, samples: readonly Sample[]): void {
  const configuration = { name, help, labelNames: labels, registers: [registry] };
  if (type === 'counter') {
    const counter = new Counter(configuration);
    for (const sample of samples) counter.inc(sample.labels ?? {}, sample.value);
  } else {
    const gauge = new Gauge(configuration);
    for (const sample of samples) gauge.set(sample.labels ?? {}, sample.value);
  }
}
